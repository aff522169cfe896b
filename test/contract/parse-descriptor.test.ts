import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { defineContract, descriptorOf, hashOf, parseDescriptor } from '../../src/contract/index.js'
import { PortwireError } from '../../src/errors.js'
import { greenhouse } from '../../src/testing/greenhouse.js'
import { contractDefinition } from './arbitrary.js'

const seed = Number(process.env['FUZZ_SEED'] ?? Math.floor(Math.random() * 2 ** 31))
const bytesOf = (text: string) => new TextEncoder().encode(text)
const textOf = (bytes: Uint8Array) => new TextDecoder().decode(bytes)

describe(`a descriptor becomes a contract again (seed ${seed})`, () => {
  it('that of the greenhouse gives its bytes, its hash and its indexes back', () => {
    const descriptor = descriptorOf(greenhouse)
    const read = parseDescriptor(descriptor, '1')
    expect(textOf(descriptorOf(read))).toBe(textOf(descriptor))
    expect(read).toMatchObject({ name: 'greenhouse', version: '1', hash: greenhouse.hash })
    expect(read.byIndex).toEqual(greenhouse.byIndex)
    // Ten actions follow one another from 0: only where the order does not say it, an index is written.
    expect(read.definition.actions?.['setVent']).toEqual({ args: { open: 'f32' }, result: 'f32' })
    expect(read.definition.actions?.['calibrate']?.index).toBe(13)
  })

  it('that of any contract', () => {
    fc.assert(
      fc.property(contractDefinition, (definition) => {
        const descriptor = descriptorOf(defineContract(definition))
        const read = parseDescriptor(descriptor)
        expect(textOf(descriptorOf(read))).toBe(textOf(descriptor))
        expect(read.hash).toBe(hashOf(descriptor))
      }),
      { seed, numRuns: 500 },
    )
  })

  it('a record with members called type and array stays a record', () => {
    const text = 'x\n0 action a()->(type:u8)\n1 action b()->(array:u8,maxItems:u8)\n'
    expect(textOf(descriptorOf(parseDescriptor(bytesOf(text))))).toBe(text)
    expect(parseDescriptor(bytesOf(text)).actions.get('a')?.result.kind).toBe('record')
  })

  it('a version of the hello that is none is left out', () => {
    expect(parseDescriptor(bytesOf('x\n'), '2.1').version).toBe('2.1')
    expect(parseDescriptor(bytesOf('x\n'), 'two words').version).toBe('0')
  })

  it.each([
    ['nothing at all', '', /descriptor, line 1: the name/],
    ['no end of the last line', 'x\n0 action a()->void', /line 2: the line has no end/],
    ['a name that is none', 'x y\n', /line 1: the name/],
    ['a member without an index', 'x\naction a()->void\n', /line 2: expected a number from 0 to 239 at column 1/],
    ['an index of the protocol', 'x\n240 action a()->void\n', /line 2: expected a number from 0 to 239/],
    ['an index written in two ways', 'x\n00 action a()->void\n', /line 2: expected " "|a number/],
    ['indexes out of order', 'x\n1 event a()\n0 event b()\n', /line 3: index 0 does not follow 1/],
    ['one name twice', 'x\n0 event a()\n1 event a()\n', /line 3: event a is there twice/],
    ['one field twice', 'x\n0 event a(x:u8,x:u8)\n', /line 2: expected another name than x/],
    ['a kind that is none', 'x\n0 signal a()\n', /line 2: expected action, event, event! or request/],
    ['a type that is none', 'x\n0 event a(x:u12)\n', /line 2: expected a type, not u12/],
    ['an array of none', 'x\n0 event a(x:u8[0])\n', /maxItems/],
    ['an array that is too long', 'x\n0 event a(x:u8[9999])\n', /expected a number from 0 to 1024/],
    ['a stream of nothing', 'x\n0 action a()->void stream void\n', /what the stream sends/],
    ['a request with a stream', 'x\n0 request a()->void stream u8\n', /the end of the line/],
    ['a CR before the LF', 'x\n0 event a()\r\n', /the end of the line/],
    ['a prototype for a name', 'x\n0 event __proto__()\n', /a name of at most 64/],
  ])('refuses %s', (_what, text, message) => {
    expect(() => parseDescriptor(bytesOf(text))).toThrow(message)
  })

  it('refuses bytes that are no UTF-8, and more than anybody would write', () => {
    expect(() => parseDescriptor(Uint8Array.of(0x78, 0xc3, 0x28, 0x0a))).toThrow('not UTF-8')
    expect(() => parseDescriptor(new Uint8Array(262_145))).toThrow('longer than 262144 bytes')
  })

  it('throws nothing but CONTRACT_INVALID, and takes only what it would write, whatever a device says', () => {
    const line = fc.string({ unit: fc.constantFrom(...'0123 abz()->:,[]!\n', 'event ', 'action ', 'u8', 'stream ') })
    const damaged = fc
      .tuple(contractDefinition, fc.nat(), fc.string({ maxLength: 3 }), fc.nat(4))
      .map(([definition, at, inserted, cut]) => {
        const text = textOf(descriptorOf(defineContract(definition)))
        const i = at % (text.length + 1)
        return text.slice(0, i) + inserted + text.slice(i + cut)
      })
    const anything = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      line.map((text) => bytesOf(`x\n${text}`)),
      damaged.map(bytesOf),
    )
    let taken = 0
    fc.assert(
      fc.property(anything, (bytes) => {
        try {
          expect(textOf(descriptorOf(parseDescriptor(bytes)))).toBe(textOf(bytes))
          taken += 1
        } catch (error) {
          expect(error).toBeInstanceOf(PortwireError)
          expect((error as PortwireError).code).toBe('CONTRACT_INVALID')
        }
      }),
      { seed, numRuns: 3_000 },
    )
    expect(taken).toBeGreaterThan(0)
  })
})
