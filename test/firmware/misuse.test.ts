/** What must not compile, and what the compiler then says: these sentences are the library's error messages. */

import { spawnSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { root } from './build.js'

const PRELUDE = `
#include <portwire.h>
using namespace portwire;
struct Contract : ContractBase {
  static constexpr uint8_t kActions = 2;
  static constexpr uint8_t kIndexes = 5;
};
constexpr Action<1, float(float)> kScale = {};
constexpr Action<2, void()> kBeyond = {};
constexpr Event<3, float> kReading = {};
constexpr Event<3, Text<>> kEndless = {};
constexpr AcknowledgedEvent<4, Text<10>> kAlarm = {};
constexpr AcknowledgedEvent<4, Text<11>> kLongAlarm = {};
constexpr Action<0, float(uint8_t), Fields<uint8_t, uint8_t>> kCalibrate = {};
constexpr Action<1, Text<8>(), Text<>> kSpell = {};
typedef Array<uint16_t, 4> Samples;
struct Percent { static uint8_t smallest() { return 0; } static uint8_t largest() { return 100; } };
constexpr Action<0, Samples(Samples)> kCurve = {};
constexpr Action<0, void(InRange<uint8_t, Percent>)> kDim = {};
constexpr Action<0, Binary64(Binary64)> kTell = {};
struct MoveArguments { int32_t position; uint8_t percent; };
constexpr Action<0, float(int32_t, InRange<uint8_t, Percent>), void, MoveArguments> kMove = {};
struct TurnArguments { int32_t position; uint8_t percent; };
constexpr Action<1, float(int32_t, InRange<uint8_t, Percent>), Fields<uint8_t, uint8_t>, TurnArguments> kTurn = {};
constexpr Event<3, Array<Text<>, 4>> kWords = {};
constexpr AcknowledgedEvent<4, Samples> kSamples = {};
constexpr Request<3, float(uint8_t)> kGetLimit = {};
constexpr Request<3, float(Text<8>)> kGetLimitOf = {};
static void calibrate(JobOf<decltype(kCalibrate)>, uint8_t) {}
static void spell(JobOf<decltype(kSpell)>) {}
static void gotLimit(const Answer<float>&) {}
static float scale(float value) { return value; }
static float scaleTwo(float a, float b) { return a * b; }
static void nothing() {}
static Device<StdioLine, Contract> plain;
static Device<StdioLine, Contract, PlainEvents, AcknowledgedEvents<4, 12>> full;
static Device<StdioLine, Contract, Jobs<1, 5>, Requests<1, 8>> busy;
`

function compile(statement: string): { ok: boolean; message: string } {
  const source = `${PRELUDE}\nvoid use() { ${statement} }\n`
  // Not -fsyntax-only: a result that is ignored is noticed only later.
  const args = [
    '-std=c++11',
    '-S',
    '-o',
    '/dev/null',
    '-Wall',
    '-Werror=unused-result',
    '-Ifirmware/lib/portwire/src',
    '-x',
    'c++',
  ]
  const { status, stderr } = spawnSync('g++', [...args, '-'], { cwd: root, input: source, encoding: 'utf8' })
  return { ok: status === 0, message: stderr }
}

describe('the compiler', () => {
  it.each([
    'plain.on(kScale, scale);',
    'plain.on(kScale, [](float value) { return value; });',
    'plain.on(kScale, [](float value) -> Result<float> { if (value < 0) return Fail(16); return value; });',
    'busy.on(kCalibrate, calibrate);',
    'busy.on(kCalibrate, [](Job<float, Fields<uint8_t, uint8_t>> job, uint8_t) -> Result<void> { job.next(1, 2); return Fail(16); });',
    'ignore(busy.ask(kGetLimit, 3000, gotLimit, 1));',
    'ignore(busy.ask(kGetLimit, 3000, [](const Answer<float>&) {}, 1));',
    'full.emit(kReading, 21);',
    'ignore(full.emit(kAlarm, text<10>("hot")));',
    'if (!full.emit(kAlarm, text<10>("hot"))) nothing();',
    'plain.on(kCurve, [](const Samples& points) { return points; });',
    'plain.on(kDim, [](uint8_t) {});',
    'plain.on(kMove, [](int32_t, uint8_t) { return 1.0f; });',
    'plain.on(kMove, [](const MoveArguments&) { return 1.0f; });',
    'plain.on(kMove, [](const MoveArguments&) -> Result<float> { return Fail(16); });',
    'static int moves; plain.on(kMove, [](int& count, const MoveArguments&) { ++count; return 1.0f; }, moves);',
    'busy.on(kTurn, [](JobOf<decltype(kTurn)> job, const TurnArguments& turn) { job.next(turn.percent, 2); });',
    'busy.on(kTurn, [](JobOf<decltype(kTurn)>, const TurnArguments&) -> Result<void> { return Fail(16); });',
    'busy.on(kMove, [](const MoveArguments&) { return 1.0f; });',
    'plain.on(kTell, [](Binary64 value) { return value; });',
    'uint16_t three[3] = {1, 2, 3}; Samples samples(three); if (!samples.push(4)) nothing();',
  ])('takes %s', (statement) => {
    expect(compile(statement)).toMatchObject({ ok: true })
  })

  it.each([
    ['a handler of another type', 'plain.on(kScale, scaleTwo);', /no matching function for call to .*on\(/],
    ['an action beyond the table', 'plain.on(kBeyond, nothing);', /kActions must be above the index of every action/],
    [
      "another action's struct, though its fields are the same",
      'plain.on(kMove, [](const TurnArguments&) { return 1.0f; });',
      /no matching function for call to .*on\(/,
    ],
    [
      'a copy of the struct',
      'plain.on(kMove, [](MoveArguments) { return 1.0f; });',
      /no matching function for call to .*on\(/,
    ],
    [
      'a struct that the handler could change',
      'plain.on(kMove, [](MoveArguments&) { return 1.0f; });',
      /no matching function for call to .*on\(/,
    ],
    [
      'the struct and an argument beside it',
      'plain.on(kMove, [](const MoveArguments&, uint8_t) { return 1.0f; });',
      /no matching function for call to .*on\(/,
    ],
    [
      'a struct where the answer has another type',
      'plain.on(kMove, [](const MoveArguments&) { return Text<8>(); });',
      /no matching function for call to .*on\(/,
    ],
    [
      'a struct for an action that has none',
      'plain.on(kScale, [](const MoveArguments&) { return 1.0f; });',
      /no matching function for call to .*on\(/,
    ],
    [
      'a job with the struct of another action',
      'busy.on(kTurn, [](JobOf<decltype(kTurn)>, const MoveArguments&) {});',
      /no matching function for call to .*on\(/,
    ],
    [
      'a struct with fewer fields than there are arguments',
      'struct Half { int32_t position; }; Action<0, void(int32_t, uint8_t), void, Half> half; plain.on(half, [](const Half&) {});',
      /too many initializers/,
    ],
    ['an event without its feature', 'plain.emit(kReading, 21);', /emit/],
    ['an event with a value too many', 'full.emit(kReading, 21, 3);', /no matching function for call to .*emit\(/],
    ['an event without a bound', 'full.emit(kEndless, text("x"));', /an event's texts and bytes need a maximum/],
    ['an event larger than its place', 'full.emit(kLongAlarm, text<11>("hot"));', /needs a larger kValueBytes/],
    ['an exit that may be forgotten', 'full.exit(0);', /ignoring return value/],
    ['an event that may be lost unseen', 'full.emit(kAlarm, text<10>("hot"));', /ignoring return value/],
    ['the same dropped by a cast', '(void)full.emit(kAlarm, text<10>("hot"));', /ignoring return value/],
    ['a request that may never be asked', 'busy.ask(kGetLimit, 3000, gotLimit, 1);', /ignoring return value/],
    ['an item that may find no place', 'Samples samples; samples.push(1);', /ignoring return value/],
    ['an item that may not be there', 'Samples samples; samples.set(0, 1);', /ignoring return value/],
    ['a number that may not fit', 'float nearest; narrow(0.1, &nearest);', /ignoring return value/],
    [
      'a value that may not have been read',
      'Reader reader(nullptr, 0); bool on; reader.readBool(&on);',
      /ignoring return value/,
    ],
    [
      'more items than an array has room for',
      'uint16_t five[5] = {}; Samples samples(five);',
      /more items than the contract allows/,
    ],
    ['an array without room', 'Array<uint8_t, 0> none;', /an array has room for 1 to 65,535 items/],
    [
      'a copy of an array for a handler',
      'plain.on(kCurve, [](Samples points) { return points; });',
      /no matching function for call to .*on\(/,
    ],
    [
      'a double where 64 bits are kept as such',
      'plain.on(kTell, [](double value) { return Binary64(static_cast<float>(value)); });',
      /no matching function for call to .*on\(/,
    ],
    ['an event of texts without a bound', 'full.emit(kWords, Array<Text<>, 4>());', /texts and bytes need a maximum/],
    [
      'an event of an array larger than its place',
      'ignore(full.emit(kSamples, Samples()));',
      /needs a larger kValueBytes/,
    ],
    ['a job without its feature', 'plain.on(kCalibrate, calibrate);', /no matching function for call to .*on\(/],
    ['a job whose result has no room', 'busy.on(kSpell, spell);', /Jobs needs a larger kResultBytes/],
    [
      'an item without a bound',
      'JobOf<decltype(kSpell)>().next(text("x"));',
      /the texts and bytes of a stream need a maximum/,
    ],
    ['an item of other fields', 'JobOf<decltype(kCalibrate)>().next(1);', /no matching function for call to .*next\(/],
    ['a request without its feature', 'plain.ask(kGetLimit, 3000, gotLimit, 1);', /has no member named .*ask/],
    [
      'a request with a value too many',
      'busy.ask(kGetLimit, 3000, gotLimit, 1, 2);',
      /invalid conversion from .*Answer<float>/,
    ],
    [
      'a request larger than its place',
      'busy.ask(kGetLimitOf, 3000, gotLimit, text<8>("x"));',
      /needs a larger kArgumentBytes/,
    ],
    [
      'a description without a descriptor',
      'static Device<StdioLine, Contract, Describe> mute; mute.begin(); mute.poll();',
      /Describe needs a contract that has a descriptor/,
    ],
    ['an index of the protocol', 'Action<240, void()> action; (void)action;', /240 to 255 are the protocol's own/],
  ])('refuses %s', (_, statement, message) => {
    const result = compile(statement)
    expect(result.ok).toBe(false)
    expect(result.message).toMatch(message)
  })
})
