/** Contracts whose names and texts C++ has a meaning for, compiled. */

import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { constant, fieldNames, namespaceOf } from '../../src/contract/cpp-names.js'
import { type Contract, type ContractDefinition, contractHeader, defineContract } from '../../src/contract/index.js'

const library = fileURLToPath(new URL('../../firmware/lib/portwire/src', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'portwire-cpp-'))
afterAll(() => rmSync(folder, { recursive: true }))

const define = (definition: unknown): Contract => defineContract(definition as ContractDefinition) as never

/** What takes any member, in C++. */
const USES = `#include <portwire.h>
namespace uses {
using portwire::detail::Parameter;
template <class R, class... P> R answer(P...) { return R(); }
/// The same with all arguments in one struct, where the action has one.
template <class Together> struct InOne {
  template <class R, class Port, class Action> static void serve(Port& port, Action action) {
    R (*const handler)(const Together&) = answer<R, const Together&>;
    port.on(action, handler);
  }
};
template <> struct InOne<void> {
  template <class R, class Port, class Action> static void serve(Port&, Action) {}
};
template <class Port, uint8_t k, class R, class... A, class Together>
void serve(Port& port, portwire::Action<k, R(A...), void, Together> action) {
  R (*const handler)(typename Parameter<A>::Type...) = answer<R, typename Parameter<A>::Type...>;
  port.on(action, handler);
  InOne<Together>::template serve<R>(port, action);
}
template <class R, class Item> void send(portwire::Job<R, Item>& job) { job.next(Item()); }
template <class R, class... T> void send(portwire::Job<R, portwire::Fields<T...>>& job) { job.next(T()...); }
template <class R, class Item, class... P> void run(portwire::Job<R, Item> job, P...) { send(job); job.finish(); }
template <class Port, uint8_t k, class R, class... A, class Item, class Together>
void serveJob(Port& port, portwire::Action<k, R(A...), Item, Together> action) {
  void (*const handler)(portwire::Job<R, Item>, typename Parameter<A>::Type...) = run<R, Item, typename Parameter<A>::Type...>;
  port.on(action, handler);
}
template <class Port, uint8_t k, class... V> void emit(Port& port, portwire::Event<k, V...> event) { port.emit(event, V()...); }
template <class Port, uint8_t k, class... V> void emit(Port& port, portwire::AcknowledgedEvent<k, V...> event) {
  portwire::ignore(port.emit(event, V()...));
}
template <class R> void take(const portwire::Answer<R>&) {}
template <class Port, uint8_t k, class R, class... A> void ask(Port& port, portwire::Request<k, R(A...)> request) {
  portwire::ignore(port.ask(request, 1000, take<R>, A()...));
}
}`.split('\n')

/** A device that has every feature and uses every member that the contract's header declares: handlers that answer what `Given`
 * makes of their types, events of zeros, requests of zeros, an item and a result of every job. */
function useOf(contract: Contract, i: number): string[] {
  const namespace = namespaceOf(contract)
  const each = [...contract.actions.values()].map((action) => {
    const name = `${namespace}::${constant(action.name)}`
    return `  ${action.stream.kind === 'void' ? 'uses::serve' : 'uses::serveJob'}(device${i}, ${name});`
  })
  const events = [...contract.events.values()].map(
    (e) => `  uses::emit(device${i}, ${namespace}::${constant(e.name)});`,
  )
  const requests = [...contract.requests.values()].map(
    (r) => `  uses::ask(device${i}, ${namespace}::${constant(r.name)});`,
  )
  return [
    `static portwire::Device<portwire::StdioLine, ${namespace}::Contract, portwire::Describe, portwire::Jobs<1, 255>, portwire::Requests<1, 255>,`,
    `    portwire::PlainEvents, portwire::AcknowledgedEvents<2, 255>> device${i};`,
    `void use${i}(); void use${i}() { device${i}.begin(); device${i}.poll();`,
    ...each,
    ...events,
    ...requests,
    '}',
  ]
}

/** Compiles the headers of these contracts, and for each a device that visits and serves what its header declares. */
function compile(contracts: readonly Contract[]): { status: number | null; stderr: string } {
  const uses = contracts.map((contract, i) => {
    writeFileSync(join(folder, `contract${i}.h`), contractHeader(contract))
    return [`#include "contract${i}.h"`, ...useOf(contract, i)]
  })
  // Libraries that a sketch has in front of the header, and what the cores define.
  const prelude = [
    '<math.h>',
    '<signal.h>',
    '<stdio.h>',
    '<stdlib.h>',
    '<string.h>',
    '<time.h>',
    '<unistd.h>',
    '<poll.h>',
  ]
  const objects = [
    'class String {};',
    'class Servo {};',
    'extern int Serial, Wire;',
    'int analogRead(unsigned char pin);',
  ]
  const macros = ['HIGH 1', 'PI 3.14', 'B1 1', 'PORTB 5', 'LAMP 7', 'F(x) x', 'bit(b) (1 << (b))']
  const source = [
    ...prelude.map((file) => `#include ${file}`),
    ...objects,
    ...macros.map((macro) => `#define ${macro}`),
    ...USES,
    ...uses.flat(),
    '',
  ].join('\n')
  const flags = [
    '-std=c++11',
    '-Wall',
    '-Wextra',
    '-Wconversion',
    '-Wsign-conversion',
    '-Wshadow',
    '-Wold-style-cast',
    '-Werror',
    '-fsyntax-only',
    `-I${library}`,
    `-I${folder}`,
  ]
  const { status, stderr } = spawnSync('g++', [...flags, '-x', 'c++', '-'], { input: source, encoding: 'utf8' })
  return { status, stderr }
}

const NASTY_DOCS = [
  'ends with a backslash \\',
  'a comment /* in */ a comment // and */',
  'line\nends\r\nof\u2028all\u2029kinds\u0085and \u0000 a zero',
  'trigraphs ??/ and ??)',
  'ends with a trigraph ??/',
  '#define X "',
  'turned \u202e around \u2066 and \ud800 half',
  '   ',
]

const nasty = define({
  name: 'class',
  version: '"\\??/%s*/',
  actions: {
    new: {
      doc: NASTY_DOCS[0],
      args: { int: 'u8', delete: 'i16', HIGH: 'bool', PI: 'f32', A: 'u8', linux: 'u8' },
      result: 'bool',
    },
    delete: {
      doc: NASTY_DOCS[1],
      args: { class: 'u8', class_: 'u16', class__: 'u32' },
      result: { visit: 'u8', kFields: 'u16', eachField: 'f32', Visitor: 'bool', uint8_t: 'u8', B1: 'i8', and: 'i32' },
    },
    setup: { doc: NASTY_DOCS[2], result: {} },
    template: { doc: NASTY_DOCS[3], stream: { namespace: 'u8', F: 'f32' } },
    index: { doc: NASTY_DOCS[4], args: { uint8_t: 'u8', portwire: 'u8', bit: 'u8', time: 'u16' } },
    contract: { doc: NASTY_DOCS[5] },
  },
  events: {
    operator: { doc: NASTY_DOCS[6], fields: { register: 'f32', PORTB: { type: 'str', maxBytes: 4 } } },
    volatile: { doc: NASTY_DOCS[7], acknowledged: true },
  },
  requests: { this: { args: { long: 'u8' }, result: { double: 'f32', LAMP: 'u8' } }, void: {} },
})

describe('the C++ header of a contract with nasty names', () => {
  it('compiles without a warning, whatever its members, fields, docs and version are called', {
    timeout: 60_000,
  }, () => {
    expect(compile([nasty])).toEqual({ status: 0, stderr: '' })
  })

  it('compiles under any name of the contract', { timeout: 60_000 }, () => {
    const plain = ['9-lives', '-', '_x', 'a--b', 'time', 'main', 'std', 'portwire', 'PI', 'signal', 'uint8_t', 'x-']
    // Of the cores' classes and objects, and of C libraries.
    const libraries = ['Serial', 'String', 'Servo', 'Wire', 'gamma', 'daylight', 'timezone', 'clone', 'analogRead']
    const names = [...plain, ...libraries]
    const contracts = names.map((name) => define({ name, version: '1', actions: { go: {} } }))
    expect(compile(contracts)).toEqual({ status: 0, stderr: '' })
    expect(contracts.map(namespaceOf)).toEqual([
      'contract_9_lives',
      'contract',
      'x',
      'a_b',
      'time_contract',
      'main_contract',
      'std_contract',
      'portwire_contract',
      'PI_contract',
      'signal_contract',
      'uint8_t_contract',
      'x',
      ...libraries.map((name) => `${name}_contract`),
    ])
  })

  it('compiles beside what the cores and their libraries declare, for an AVR', { timeout: 60_000 }, () => {
    const core = '/usr/share/arduino/hardware/arduino/avr'
    const libraries = ['Wire', 'SPI', 'EEPROM', 'SoftwareSerial']
    const names =
      `Serial Serial1 Print Printable Stream String HardwareSerial Wire TwoWire SoftwareSerial EEPROM SPI Servo square
      analogRead analogWrite shiftIn randomSeed isSpace signal round index delay init access`.split(/\s+/)
    const headers = names.map((name, i) => {
      writeFileSync(join(folder, `avr${i}.h`), contractHeader(define({ name, version: '1', actions: { go: {} } })))
      return `avr${i}.h`
    })
    const includes = ['Arduino.h', 'portwire.h', ...libraries.map((name) => `${name}.h`), ...headers]
    const input = `${includes.map((file) => `#include <${file}>`).join('\n')}\nclass Servo {};\n`
    const folders = ['cores/arduino', 'variants/standard', ...libraries.map((name) => `libraries/${name}/src`)]
    const flags = [
      '-mmcu=atmega328p',
      '-std=gnu++11',
      '-fsyntax-only',
      ...['F_CPU=16000000UL', 'ARDUINO=10808', 'ARDUINO_ARCH_AVR', 'ARDUINO_AVR_UNO'].map((name) => `-D${name}`),
      ...folders.map((name) => `-I${core}/${name}`),
      `-I${library}`,
      `-I${folder}`,
    ]
    const { status, stderr } = spawnSync('avr-g++', [...flags, '-x', 'c++', '-'], { input, encoding: 'utf8' })
    expect({ status, errors: stderr.split('\n').filter((line) => line.includes('error')) }).toEqual({
      status: 0,
      errors: [],
    })
  })

  it('compiles for any contract that can be defined', { timeout: 120_000 }, () => {
    const words = [
      'int',
      'x',
      'A',
      'bit',
      'visit',
      'x_',
      'int_',
      'HIGH',
      'value',
      'min',
      'round',
      'word',
      'and',
      'kFields',
    ]
    const number = fc.constantFrom('u8', 'u16', 'u32', 'u64', 'i8', 'i16', 'i32', 'i64', 'f32', 'f64')
    const scalar = fc.oneof(
      number,
      fc.constantFrom('bool', { type: 'str', maxBytes: 3 }, { type: 'bytes', maxBytes: 40 }),
      fc.record({ array: fc.oneof(number, fc.constant('bool')), maxItems: fc.constantFrom(1, 15, 16) }),
      // Both sides of zero, and so of the range of every type, with a whole number between them.
      fc.record(
        {
          type: number,
          min: fc.double({ min: -1e20, max: 0, noNaN: true }),
          max: fc.double({ min: 0, max: 1e40, noNaN: true }),
        },
        { requiredKeys: ['type'] },
      ),
    )
    const texts = fc.record({ array: fc.constantFrom('str', 'bytes'), maxItems: fc.constantFrom(1, 300) })
    const fields = fc.dictionary(fc.constantFrom(...words), scalar, { maxKeys: 4 })
    const readFields = fc.dictionary(fc.constantFrom(...words), fc.oneof(scalar, texts), { maxKeys: 12 })
    const names = fc.uniqueArray(fc.constantFrom(...words), {
      minLength: 3,
      maxLength: 3,
      selector: (w) => w.toLowerCase(),
    })
    const text = fc.string({ unit: fc.constantFrom('\\', '?', '/', '*', '"', '\n', ' ', 'a', '#', '\u202e') })
    const contract = fc
      .record({
        names,
        args: readFields,
        result: fc.oneof(readFields, scalar, texts),
        stream: fc.oneof(fields, scalar),
        asked: fc.dictionary(fc.constantFrom(...words), scalar, { maxKeys: 1 }),
        answer: fc.oneof(readFields, scalar),
        event: fields,
        doc: text,
        version: fc.stringMatching(/^[!-~]{1,16}$/),
      })
      .map(({ names: [a, b, c], args, result, stream, asked, answer, event, doc, version }) => ({
        version,
        actions: { [a!]: { args, result, doc }, job: { args, stream, doc } },
        events: { [b!]: { fields: event, doc }, kept: { fields: asked, acknowledged: true } },
        requests: { [c!]: { args: asked, result: answer, doc } },
      }))
    const seed = Date.now() & 0xffff_ffff
    console.log(`seed ${seed}`)
    const sample = fc.sample(contract, { numRuns: 12, seed }).map((made, i) => define({ name: `sample${i}`, ...made }))
    expect(compile(sample), `seed ${seed}`).toEqual({ status: 0, stderr: '' })
  })

  it('keeps the text of the version as it is', () => {
    expect(contractHeader(nasty)).toContain(String.raw`PORTWIRE_FLASH_TEXT(kContractVersion, "\"\\\?\?/%s*/");`)
  })

  it.each([
    [{ actions: { setVent: {}, SetVent: {} } }, 'actions.SetVent is kSetVent in C++, which is also actions.setVent'],
    [{ actions: { lamp: {} }, events: { lamp: {} } }, 'events.lamp is kLamp in C++, which is also actions.lamp'],
    [
      { requests: { contractHash: {} } },
      'requests.contractHash is kContractHash in C++, which is also the header itself',
    ],
  ])('refuses two members that would have one name: %j', (members, problem) => {
    const contract = define({ name: 'x', version: '1', ...members })
    expect(() => contractHeader(contract)).toThrow(`CONTRACT_INVALID: contract: ${problem}`)
  })

  it('refuses a contract of programs that exist already', () => {
    const contract = define({ name: 'x', version: '1', protocol: 'action', actions: { go: {} } })
    expect(() => contractHeader(contract)).toThrow("the device library does not speak protocol 'action'")
  })

  it('spells the fields of one list each in its own way', () => {
    const spelt = fieldNames(['int', 'int_', 'x', 'X', 'X_'].map((name) => ({ name })))
    expect(spelt).toEqual(['int__', 'int_', 'x', 'X__', 'X___'])
  })
})
