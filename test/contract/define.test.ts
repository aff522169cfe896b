import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { contractSchema } from '../../src/contract/file/index.js'
import {
  type Contract,
  type ContractDefinition,
  contractModule,
  defineContract,
  descriptorOf,
} from '../../src/contract/index.js'
import { greenhouse } from '../../src/testing/greenhouse.js'
import { contractDefinition } from './arbitrary.js'

const seed = Number(process.env['FUZZ_SEED'] ?? Math.floor(Math.random() * 2 ** 31))

const define = (definition: unknown) => () => defineContract(definition as ContractDefinition)

describe(`defineContract (seed ${seed})`, () => {
  it('numbers actions, then events, then requests, in the order listed, from 0', () => {
    const contract = defineContract({
      name: 'n',
      version: '1',
      actions: { a: {}, b: {} },
      events: { c: {} },
      requests: { d: {} },
    })
    expect([...contract.byIndex].map(([index, { kind, name }]) => `${index} ${kind} ${name}`)).toEqual([
      '0 action a',
      '1 action b',
      '2 event c',
      '3 request d',
    ])
  })

  it('keeps an index that is given and counts on from it', () => {
    const contract = defineContract({
      name: 'n',
      version: '1',
      actions: { a: { index: 7 }, b: {} },
      events: { c: { index: 2 } },
    })
    expect([...contract.byIndex.keys()]).toEqual([7, 8, 2])
  })

  const members = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`a${i}`, {}]))

  it('takes 240 members and refuses the 241st', () => {
    expect(defineContract({ name: 'n', version: '1', actions: members(240) }).actions.size).toBe(240)
    expect(define({ name: 'n', version: '1', actions: members(241) })).toThrow('index 240 is not in 0 to 239')
  })

  it("takes 256 actions for protocol 'action' and refuses the 257th, and whatever is no action", () => {
    const action = { name: 'n', version: '1', protocol: 'action' } as const
    expect(defineContract({ ...action, actions: members(256) }).actions.get('a255')!.index).toBe(255)
    expect(define({ ...action, actions: members(257) })).toThrow('index 256 is not in 0 to 255 (an action is one byte)')
    expect(define({ ...action, events: { e: {} } })).toThrow("events and requests do not go with 'action'")
    expect(define({ ...action, protocol: 'raw' })).toThrow('contract.protocol: "raw" is not')
  })

  it.each([
    ['a name with a slash', { name: 'a/b', version: '1' }, 'contract.name: "a/b" does not match'],
    [
      'a version that is a number',
      { name: 'n', version: 1 },
      'contract.version: 1 is not 1 to 16 printable characters',
    ],
    [
      'an unknown type',
      { name: 'n', version: '1', actions: { a: { args: { x: 'u128' } } } },
      'actions.a.args.x: type "u128" is not one of bool',
    ],
    [
      'an index twice',
      { name: 'n', version: '1', actions: { a: {}, b: { index: 0 } } },
      'index 0 is already that of action a',
    ],
    ['a protocol index', { name: 'n', version: '1', actions: { a: { index: 240 } } }, 'index 240 is not in 0 to 239'],
    [
      'an array without maxItems',
      { name: 'n', version: '1', events: { e: { fields: { x: { array: 'u8' } } } } },
      'an array needs maxItems',
    ],
    [
      'min above max',
      { name: 'n', version: '1', actions: { a: { args: { x: { type: 'u8', min: 2, max: 1 } } } } },
      'min is above max',
    ],
    [
      'a doc that is no text',
      { name: 'n', version: '1', actions: { a: { doc: 7 } } },
      'actions.a.doc: a text is expected',
    ],
    [
      'a member name with a dash',
      { name: 'n', version: '1', actions: { 'a-b': {} } },
      'actions.a-b: a name begins with a letter',
    ],
  ])('refuses %s, naming the member', (_, definition, message) => {
    expect(define(definition)).toThrow(message)
  })

  it.each<[string, object, string]>([
    [
      'a result that is null',
      { actions: { a: { result: null } } },
      'actions.a.result: a type, or a table of named fields',
    ],
    ['a stream that is a list', { actions: { a: { stream: ['u8'] } } }, 'actions.a.stream: a type, or a table'],
    ['arguments that are a number', { actions: { a: { args: 5 } } }, 'actions.a.args: a table of named fields'],
    ['arguments that are a list', { actions: { a: { args: [] } } }, 'actions.a.args: a table of named fields'],
    ['fields that are null', { events: { a: { fields: null } } }, 'events.a.fields: a table of named fields'],
    ['an index that is null', { actions: { a: { index: null } } }, 'actions.a: index null is not in 0 to 239'],
    ['a flag that is a text', { actions: { a: { idempotent: 'no' } } }, 'actions.a.idempotent: true or false'],
    ['a flag that is a number', { events: { a: { acknowledged: 0 } } }, 'events.a.acknowledged: true or false'],
    [
      'a unit that is a number',
      { actions: { a: { args: { x: { type: 'u8', unit: 5 } } } } },
      'actions.a.args.x.unit: a text',
    ],
    ['a doc that is a table', { actions: { a: { result: { type: 'u8', doc: {} } } } }, 'actions.a.result.doc: a text'],
    ['a type that is null', { requests: { a: { args: { x: null } } } }, 'requests.a.args.x: a type is expected'],
  ])('refuses %s, which a program without types may give', (_what, members, problem) => {
    expect(define({ name: 'x', version: '1', ...members })).toThrow(`contract.${problem}`)
  })

  it('takes as many fields as an array holds and refuses one more', () => {
    const fields = (count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, i) => [`f${i}`, 'u8'] as const))
    const taking = (args: object) => define({ name: 'x', version: '1', actions: { a: { args } } })
    expect(taking(fields(1_024))).not.toThrow()
    expect(taking(fields(1_025))).toThrow('contract.actions.a.args: at most 1024 fields, got 1025')
  })

  it('throws nothing but CONTRACT_INVALID whatever it is given, and takes what the schema of files takes', () => {
    const wrong = fc.oneof(
      fc.constantFrom(null, undefined, 0, -1, 1.5, '', 'u8', 'any', true, [], {}, { type: 'u8' }),
      fc.jsonValue(),
    )
    /** A contract with something else in one place. */
    const spoilt = fc.tuple(contractDefinition, fc.nat(), wrong).map(([definition, at, value]) => {
      const copy = structuredClone(definition) as unknown as Record<string, unknown>
      const places: [Record<string, unknown>, string][] = []
      const visit = (table: Record<string, unknown>) => {
        for (const [key, member] of Object.entries(table)) {
          places.push([table, key])
          if (typeof member === 'object' && member !== null) visit(member as Record<string, unknown>)
        }
      }
      visit(copy)
      const [table, key] = places[at % places.length]!
      table[key] = value
      return copy
    })
    let refused = 0
    fc.assert(
      fc.property(spoilt, (given) => {
        let error: unknown
        try {
          contractModule(defineContract(given as never) as Contract)
        } catch (thrown) {
          error = thrown
          refused += 1
        }
        if (error !== undefined) expect(error).toMatchObject({ code: 'CONTRACT_INVALID' })
        else expect(contractSchema.safeParse(given).success, JSON.stringify(given)).toBe(true)
      }),
      { seed, numRuns: 500 },
    )
    expect(refused).toBeGreaterThan(50)
  })

  it('hashes what both sides must share and nothing else', () => {
    const hash = (definition: ContractDefinition) => defineContract(definition).hash
    const base: ContractDefinition = { name: 'n', version: '1', actions: { a: { args: { x: 'u8' } } } }
    expect(hash({ ...base, version: '2' })).toBe(hash(base))
    expect(hash({ ...base, actions: { a: { args: { x: { type: 'u8', unit: 'K', doc: 'd', max: 5 } } } } })).toBe(
      hash(base),
    )
    expect(hash({ ...base, actions: { a: { args: { y: 'u8' } } } })).not.toBe(hash(base))
    expect(hash({ ...base, actions: { a: { args: { x: 'u16' } } } })).not.toBe(hash(base))
    expect(hash({ ...base, actions: { a: { args: { x: 'u8' }, result: 'u8' } } })).not.toBe(hash(base))
    expect(hash({ ...base, name: 'm' })).not.toBe(hash(base))
  })

  it('describes the greenhouse in one line a member', () => {
    const lines = new TextDecoder().decode(descriptorOf(greenhouse)).split('\n')
    expect(lines.slice(0, 3)).toEqual(['greenhouse', '0 action identify()->void', '1 action setVent(open:f32)->f32'])
    expect(lines).toContain('10 event! alarm(celsius:f32,high:bool)')
  })
})
