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
static float scale(float value) { return value; }
static float scaleTwo(float a, float b) { return a * b; }
static void nothing() {}
static Device<StdioLine, Contract> plain;
static Device<StdioLine, Contract, PlainEvents, AcknowledgedEvents<4, 12>> full;
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
    'full.emit(kReading, 21);',
    'full.emit(kAlarm, text<10>("hot"));',
  ])('takes %s', (statement) => {
    expect(compile(statement)).toMatchObject({ ok: true })
  })

  it.each([
    ['a handler of another type', 'plain.on(kScale, scaleTwo);', /no matching function for call to .*on\(/],
    ['an action beyond the table', 'plain.on(kBeyond, nothing);', /kActions must be above the index of every action/],
    ['an event without its feature', 'plain.emit(kReading, 21);', /emit/],
    ['an event with a value too many', 'full.emit(kReading, 21, 3);', /no matching function for call to .*emit\(/],
    ['an event without a bound', 'full.emit(kEndless, text("x"));', /an event's texts and bytes need a maximum/],
    ['an event larger than its place', 'full.emit(kLongAlarm, text<11>("hot"));', /needs a larger kValueBytes/],
    ['an exit that may be forgotten', 'full.exit(0);', /ignoring return value/],
    ['an index of the protocol', 'Action<240, void()> action; (void)action;', /240 to 255 are the protocol's own/],
  ])('refuses %s', (_, statement, message) => {
    const result = compile(statement)
    expect(result.ok).toBe(false)
    expect(result.message).toMatch(message)
  })
})
