/** The sizes and counts that a device may be compiled with: the last that is taken on each side, and the first that is not. */

import { spawnSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { root } from './build.js'

const PRELUDE = `
#include <portwire.h>
using namespace portwire;
template <size_t kReply, uint8_t kPlaces = 1, size_t kContent = 56, class F = Frames> struct Line : Descriptors {
  typedef F Framing;
  typedef NativeBoard Board;
  static constexpr size_t kReceiveBytes = 63;
  static constexpr size_t kMaxContentBytes = kContent;
  static constexpr size_t kReplyBytes = kReply;
  static constexpr uint8_t kWindow = kPlaces;
  void begin() {}
};
struct Contract : ContractBase {
  static constexpr uint8_t kActions = 2;
  static constexpr uint8_t kIndexes = 5;
};
template <size_t kCount, class... T> struct Booleans : Booleans<kCount - 1, bool, T...> {};
template <class... T> struct Booleans<0, T...> {
  template <class P> static void take(P& port) { port.on(Action<0, void(T...)>(), [](T...) {}); }
  template <class P> static void emit(P& port) { port.emit(Event<1, T...>(), (sizeof(T) != 0)...); }
  template <class P> static void ask(P& port) {
    ignore(port.ask(Request<1, void(T...)>(), 1, [](const Answer<void>&) {}, (sizeof(T) != 0)...));
  }
};
template <class L, class... Features> void use() {
  static Device<L, Contract, Features...> port;
  port.begin();
  port.poll();
}
template <class... Features> Device<Line<200>, Contract, Features...>& port() {
  static Device<Line<200>, Contract, Features...> made;
  return made;
}
template <uint32_t... kRates> using Rates = BaudRates<9600, kRates...>;
`

const rates = (count: number) => Array.from({ length: count }, (_, i) => 100_000 + i).join(', ')

/** What is taken, what is refused, and the sentence then. */
const BOUNDS: readonly (readonly [string, readonly string[], readonly string[], RegExp])[] = [
  [
    'a window',
    ['use<Line<64, 1>>();', 'use<Line<64, 64>>();'],
    ['use<Line<64, 0>>();', 'use<Line<64, 65>>();'],
    /the window is 1 to 64/,
  ],
  ['the content', ['use<Line<64, 1, 32>>();'], ['use<Line<64, 1, 31>>();'], /HELLO has 19 bytes of content/],
  ['the content of a frame', ['use<Line<64, 1, 65531>>();'], ['use<Line<64, 1, 65532>>();'], /at most 65,531 bytes/],
  [
    'the content of a packet',
    ['use<Line<64, 1, 65535, Packets>>();'],
    ['use<Line<64, 1, 65536, Packets>>();'],
    /the length of a packet is 16 bits/,
  ],
  ['the least answer', ['use<Line<50>>();'], ['use<Line<49>>();'], /the reply to HELLO has up to 50 bytes/],
  ['the longest answer', ['use<Line<65535>>();'], ['use<Line<65536>>();'], /the length of an answer is 16 bits/],
  [
    'the list of baud rates',
    [`use<Line<58>, Rates<${rates(1)}>>();`, `use<Line<128>, Rates<${rates(15)}>>();`],
    [`use<Line<200>, Rates<>>();`, `use<Line<200>, Rates<${rates(16)}>>();`],
    /lists 1 to 15 others/,
  ],
  [
    'the answer that has the list of baud rates',
    [`use<Line<123>, Rates<${rates(14)}>>();`, `use<Line<128>, Rates<${rates(15)}>>();`],
    [`use<Line<122>, Rates<${rates(14)}>>();`, `use<Line<127>, Rates<${rates(15)}>>();`],
    /has no room for so many rates/,
  ],
  [
    'the places for events',
    ['use<Line<64>, AcknowledgedEvents<2>>();'],
    ['use<Line<64>, AcknowledgedEvents<1>>();'],
    /needs a place beside the event/,
  ],
  [
    'the room of an event',
    ['use<Line<64>, AcknowledgedEvents<2, 5>>();'],
    ['use<Line<64>, AcknowledgedEvents<2, 4>>();'],
    /has 5 bytes/,
  ],
  [
    'the value of an event',
    ['ignore(port<AcknowledgedEvents<2, 9>>().emit(AcknowledgedEvent<1, Text<7>>(), text<7>("")));'],
    ['ignore(port<AcknowledgedEvents<2, 9>>().emit(AcknowledgedEvent<1, Text<8>>(), text<8>("")));'],
    /AcknowledgedEvents needs a larger kValueBytes/,
  ],
  [
    'the text of a plain event',
    ['port<PlainEvents>().emit(Event<1, Text<65530>>(), text<65530>(""));'],
    [
      'port<PlainEvents>().emit(Event<1, Text<65531>>(), text<65531>(""));',
      'port<PlainEvents>().emit(Event<1, Text<65533>>(), text<65533>(""));',
    ],
    /texts and bytes need a maximum/,
  ],
  ['the places for jobs', ['use<Line<64>, Jobs<1>>();'], ['use<Line<64>, Jobs<0>>();'], /no place for a job/],
  ['the room of a result', ['use<Line<64>, Jobs<1, 1>>();'], ['use<Line<64>, Jobs<1, 0>>();'], /nil and 0 have 1 byte/],
  [
    'the result of a job',
    ['port<Jobs<1, 9>>().on(Action<0, Text<8>()>(), [](Job<Text<8>>) {});'],
    ['port<Jobs<1, 9>>().on(Action<0, Text<9>()>(), [](Job<Text<9>>) {});'],
    /Jobs needs a larger kResultBytes/,
  ],
  [
    'the places for requests',
    ['use<Line<64>, Requests<1>>();'],
    ['use<Line<64>, Requests<0>>();'],
    /no place for a request/,
  ],
  [
    'the arguments of a request',
    ['ignore(port<Requests<1, 9>>().ask(Request<1, void(Text<8>)>(), 1, [](const Answer<void>&) {}, text<8>("")));'],
    ['ignore(port<Requests<1, 9>>().ask(Request<1, void(Text<9>)>(), 1, [](const Answer<void>&) {}, text<9>("")));'],
    /Requests needs a larger kArgumentBytes/,
  ],
  [
    'the count of arguments',
    ['Booleans<99>::take(port<>());'],
    ['Booleans<100>::take(port<>());'],
    /at most 99 arguments/,
  ],
  [
    'the count of fields',
    ['Booleans<99>::emit(port<PlainEvents>());'],
    ['Booleans<100>::emit(port<PlainEvents>());'],
    /at most 99 values/,
  ],
  [
    'the count of arguments of a request',
    ['Booleans<98>::ask(port<Requests<1, 98>>());'],
    ['Booleans<99>::ask(port<Requests<1, 99>>());'],
    /at most 98 arguments/,
  ],
  [
    'the items of an array',
    ['Array<bool, 1> a; Array<bool, 65535> b;'],
    ['Array<bool, 0> a;', 'Array<bool, 65536> b;'],
    /room for 1 to 65,535 items/,
  ],
  [
    'an index',
    ['Action<239, void()> a; Event<239> b;'],
    ['Action<240, void()> a;', 'Event<240> b;'],
    /240 to 255 are the protocol's own/,
  ],
  [
    'an action of the table',
    ['port<>().on(Action<1, void()>(), [] {});'],
    ['port<>().on(Action<2, void()>(), [] {});'],
    /kActions must be above/,
  ],
  [
    'an event of the bits',
    ['port<PlainEvents>().emit(Event<4>());'],
    ['port<PlainEvents>().emit(Event<5>());'],
    /kIndexes must be above every index/,
  ],
]

function compile(statement: string): { ok: boolean; message: string } {
  const args = ['-std=c++11', '-fsyntax-only', '-Wall', '-Ifirmware/lib/portwire/src', '-x', 'c++', '-']
  const input = `${PRELUDE}\nvoid test() { ${statement} }\n`
  const { status, stderr, error } = spawnSync('g++', args, { cwd: root, input, encoding: 'utf8' })
  if (error) throw error
  return { ok: status === 0, message: stderr }
}

describe('the compiler at a bound', () => {
  for (const [what, taken, refused, sentence] of BOUNDS) {
    it.each(taken)(`of ${what} takes %s`, (statement) => {
      expect(compile(statement)).toMatchObject({ ok: true })
    })
    it.each(refused)(`of ${what} refuses %s`, (statement) => {
      const result = compile(statement)
      expect(result.ok).toBe(false)
      expect(result.message).toMatch(sentence)
    })
  }
})
