import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { blink } from '../../docs/examples/blink.contract.js'
import { descriptorOf, hashOf } from '../../src/contract/descriptor.js'
import { contractHeader, defineContract } from '../../src/contract/index.js'
import { greenhouse } from '../../src/testing/greenhouse.js'

describe('the C++ header of a contract', () => {
  it('is, for the greenhouse, the file that the firmware is built from', () => {
    const file = readFileSync('firmware/src/greenhouse_contract.h', 'utf8')
    expect(contractHeader(greenhouse)).toBe(file)
  })

  it('is, for the first example, the file beside its sketch', () => {
    const file = readFileSync('firmware/lib/portwire/examples/Blink/blink_contract.h', 'utf8')
    expect(contractHeader(blink as never)).toBe(file)
  })

  it('leaves out what a contract does not have', () => {
    const header = contractHeader(defineContract({ name: 'bare', version: '1', actions: { go: {} } }))
    expect(header).not.toContain('Events:')
    expect(header).toContain('static constexpr uint8_t kActions = 1;')
    expect(header).toContain('constexpr portwire::Action<0, void()> kGo = {};')
  })

  it('says what a stream and a request look like in C++', () => {
    const header = contractHeader(
      defineContract({
        name: 'oven',
        version: '1',
        actions: {
          bake: { args: { celsius: 'f32' }, stream: { step: 'u8', of: 'u8' }, result: 'bool' },
          count: { stream: 'u16' },
        },
        requests: {
          getRecipe: {
            doc: 'What to bake.',
            args: { shelf: 'u8' },
            result: { name: { type: 'str', maxBytes: 8 }, minutes: 'u8' },
          },
          open: {},
        },
      }),
    )
    const lines = header.split('\n')
    expect(lines).toContain(
      'constexpr portwire::Action<0, bool(float celsius), portwire::Fields<uint8_t /* step */, uint8_t /* of */>, BakeArguments> kBake = {};',
    )
    expect(lines).toContain('typedef portwire::JobOf<decltype(kBake)> BakeJob;')
    expect(lines).toContain('constexpr portwire::Action<1, void(), uint16_t> kCount = {};')
    expect(header).toContain(
      '/// What to bake.\nconstexpr portwire::Request<2, GetRecipeResult(uint8_t shelf)> kGetRecipe = {};',
    )
    expect(lines).toContain('constexpr portwire::Request<3, void()> kOpen = {};')
    expect(lines).toContain('  template <class Visitor> void eachField(const Visitor& visit) {')
  })

  it('has a struct of all arguments for each action that has some, in their order, types and names that C++ takes', () => {
    const header = contractHeader(
      defineContract({
        name: 'crane',
        version: '1',
        actions: {
          lift: {
            args: {
              height: { type: 'f32', unit: 'm', min: 0, max: 12 },
              int: 'u8',
              route: { array: 'i16', maxItems: 4 },
              note: { type: 'str', maxBytes: 8 },
            },
          },
          stop: {},
        },
        requests: { mayLift: { args: { height: 'f32' }, result: 'bool' } },
      }),
    )
    expect(header).toContain(
      [
        '/// All arguments of lift, for a handler that takes `const LiftArguments&` in their place.',
        'struct LiftArguments {',
        '  /// 0 to 12 m',
        '  float height;',
        '  uint8_t int_;',
        '  /// up to 4 items',
        '  portwire::Array<int16_t, 4> route;',
        '  /// up to 8 bytes',
        '  portwire::Text<8> note;',
        '};',
      ].join('\n'),
    )
    expect(header).toContain('portwire::Text<8> note), void, LiftArguments> kLift = {};')
    expect(header).toContain('constexpr portwire::Action<1, void()> kStop = {};')
    // A handler takes arguments; what the device asks, it gives.
    expect(header).not.toMatch(/StopArguments|MayLiftArguments/)
  })

  it('holds the descriptor, whose hash it tells', () => {
    const header = contractHeader(greenhouse)
    const literals = /kContractDescriptor,\n([^;]*)\);/.exec(header)![1]!
    const text = literals.split('\n').map((line) => JSON.parse(line.trim()) as string)
    expect(new TextEncoder().encode(text.join(''))).toEqual(descriptorOf(greenhouse))
    expect(hashOf(descriptorOf(greenhouse))).toBe(greenhouse.hash)
  })

  it.each([
    ['arguments', { args: 'any' }],
    ['a result', { result: 'any' }],
    ['a stream', { stream: 'any' }],
  ] as const)('refuses %s of any type, naming the member', (what, action) => {
    const contract = defineContract({ name: 'x', version: '1', actions: { free: action } })
    expect(() => contractHeader(contract)).toThrow(`free: the device library does not take ${what} of any type`)
  })

  it('refuses a contract that is longer than a device counts, and takes one that is not', () => {
    const of = (members: number, letters: number) =>
      contractHeader(
        defineContract({
          name: 'long',
          version: '1',
          actions: Object.fromEntries(
            Array.from({ length: members }, (_, i) => {
              const args = Array.from({ length: 10 }, (_, j) => [`${'b'.repeat(letters)}${j}`, 'u8'] as const)
              return [`a${i}`, { args: Object.fromEntries(args) }]
            }),
          ),
        } as never) as never,
      )
    expect(() => of(240, 60)).toThrow(/contract: its descriptor has 1\d{5} bytes; a device tells at most 65535/)
    expect(of(80, 60)).toContain('kDescriptorBytes')
  })

  it('refuses text without a longest length, naming the member', () => {
    const contract = defineContract({ name: 'x', version: '1', actions: { say: { args: { words: 'str' } } } })
    expect(() => contractHeader(contract)).toThrow('say.words needs maxBytes')
  })

  it('gives every type its own in C++, arrays with their room', () => {
    const scalars = ['bool', 'u8', 'u16', 'u32', 'u64', 'i8', 'i16', 'i32', 'i64', 'f32', 'f64'] as const
    const args = Object.fromEntries(scalars.map((type) => [`a_${type}`, type]))
    const header = contractHeader(
      defineContract({
        name: 'types',
        version: '1',
        actions: {
          all: { args: { ...args, a_str: { type: 'str', maxBytes: 4 }, a_bytes: { type: 'bytes', maxBytes: 0 } } },
          words: { args: { words: { array: 'str', maxItems: 3 } }, result: { array: 'bytes', maxItems: 2 } },
        },
        events: { burst: { fields: { samples: { array: 'u16', maxItems: 4 } }, acknowledged: true } },
      } as never) as never,
    )
    expect(header).toContain(
      'constexpr portwire::Action<0, void(bool a_bool, uint8_t a_u8, uint16_t a_u16, uint32_t a_u32, uint64_t a_u64, ' +
        'int8_t a_i8, int16_t a_i16, int32_t a_i32, int64_t a_i64, float a_f32, portwire::Float64 a_f64, ' +
        'portwire::Text<4> a_str, portwire::Bytes<0> a_bytes), void, AllArguments> kAll = {};',
    )
    expect(header).toContain(
      'portwire::Action<1, portwire::Array<portwire::Bytes<>, 2>(portwire::Array<portwire::Text<>, 3> words), void, WordsArguments> kWords = {};',
    )
    expect(header).toContain('portwire::AcknowledgedEvent<2, portwire::Array<uint16_t, 4> /* samples */> kBurst = {};')
    expect(header).toContain('static constexpr uint8_t kMaxArguments = 13;')
    expect(header).not.toContain('kHasRanges')
  })

  it('has the device check the ranges of arguments, in the type of each', () => {
    const header = contractHeader(
      defineContract({
        name: 'ranged',
        version: '1',
        actions: {
          move: {
            args: {
              percent: { type: 'u8', min: 0.5, max: 99.5 },
              any: { type: 'u8', min: 0, max: 255 },
              offset: { type: 'i32', min: -(2 ** 31), max: 70_000 },
              serial: { type: 'u64', min: 1 },
              share: { type: 'f32', max: 1e-7 },
              exact: { type: 'f64', min: -0, max: 0.1 },
            },
            result: { type: 'u8', min: 1 },
          },
        },
      }),
    )
    expect(header).toContain(
      [
        'namespace ranges {',
        'struct Move_1 {  // move, percent',
        '  static uint8_t smallest() { return 1; }',
        '  static uint8_t largest() { return 99; }',
        '};',
        'struct Move_3 {  // move, offset',
        '  static int32_t smallest() { return -2147483647L - 1; }',
        '  static int32_t largest() { return 70000UL; }',
        '};',
        'struct Move_4 {  // move, serial',
        '  static uint64_t smallest() { return 1; }',
        '  static uint64_t largest() { return 18446744073709551615ULL; }',
        '};',
        'struct Move_5 {  // move, share',
        '  static float smallest() { return -__builtin_inff(); }',
        '  static float largest() { return 1e-7f; }',
        '};',
        'struct Move_6 {  // move, exact',
        '  static portwire::Words smallest() { return portwire::Words{0x00000000, 0x00000000} /* 0 */; }',
        '  static portwire::Words largest() { return portwire::Words{0x3fb99999, 0x9999999a} /* 0.1 */; }',
        '};',
        '}  // namespace ranges',
      ].join('\n'),
    )
    expect(header).toContain('uint8_t(portwire::InRange<uint8_t, ranges::Move_1> percent, uint8_t any, ')
    expect(header).toContain('static constexpr bool kHasRanges = true;')
  })

  it('says units, ranges and longest lengths beside what they belong to', () => {
    const header = contractHeader(
      defineContract({
        name: 'said',
        version: '1',
        actions: {
          heat: {
            doc: 'Heats.',
            args: { celsius: { type: 'f32', unit: '°C', min: 5, max: 80, doc: 'How hot' }, plain: 'u8' },
            result: { type: 'f32', unit: 'W', min: 0 },
            stream: { watt: { type: 'f32', unit: 'W' } },
          },
        },
        events: { burst: { fields: { samples: { array: 'u16', maxItems: 4, unit: 'mV' } } } },
        requests: { name: { result: { text: { type: 'str', maxBytes: 8 } } } },
      }),
    )
    expect(header).toContain(
      '/// Heats.\n/// - celsius: How hot; 5 to 80 °C\n/// Answers: at least 0 W\n/// - watt: W\nconstexpr portwire::Action<0, ',
    )
    expect(header).toContain('/// - samples: up to 4 items mV\nconstexpr portwire::Event<1, ')
    expect(header).toContain('  /// up to 8 bytes\n  portwire::Text<8> text;')
  })

  it.each([
    [
      'an event',
      { events: { say: { fields: { words: { array: 'str', maxItems: 4 } } } } },
      'say.words: the device library does not take an array of str here, whose items have no longest length',
    ],
    [
      'a request',
      { requests: { say: { args: { words: { array: 'bytes', maxItems: 4 } } } } },
      'say.words: the device library does not take an array of bytes here, whose items have no longest length',
    ],
    [
      'an event of a hundred fields',
      { events: { say: { fields: Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`f${i}`, 'u8'])) } } },
      'say.fields: the device library does not take more than 99 values, here 100',
    ],
    [
      'a range that no value lies in',
      { actions: { say: { args: { n: { type: 'u8', min: 256 } } } } },
      'say.n: no u8 lies between 256 and Infinity',
    ],
    [
      'a range between two whole numbers',
      { actions: { say: { args: { n: { type: 'i16', min: 1.2, max: 1.8 } } } } },
      'say.n: no i16 lies between 1.2 and 1.8',
    ],
  ])('refuses what the device library does not take, naming the member: %s', (_, members, problem) => {
    const contract = defineContract({ name: 'x', version: '1', ...members } as never)
    expect(() => contractHeader(contract as never)).toThrow(problem)
  })
})
