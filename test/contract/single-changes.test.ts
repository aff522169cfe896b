/** Every single change of a contract: what the rules of docs/contract.md say of it against what arrives. */

import { describe, expect, it } from 'vitest'
import {
  breakingChanges,
  type Contract,
  contractConflicts,
  decodeArgs,
  decodeFields,
  decodeResult,
  defineContract,
  descriptorOf,
  encodeArgs,
  encodeFields,
  encodeResult,
  type Field,
  parseDescriptor,
} from '../../src/contract/index.js'
import { SCALAR_TYPE_NAMES } from '../../src/contract/scalar-types.js'
import { createValueCodec } from '../../src/wire/index.js'

type Side = 'host' | 'device'

/** A place where a field stands: who sends it, and how it goes over the wire there. */
interface Place {
  readonly name: string
  readonly sender: Side
  readonly members: (field: Field) => object
  readonly encode: (contract: Contract, value: unknown) => unknown
  readonly decode: (contract: Contract, wire: unknown) => unknown
}

const taken = (decoded: { readonly ok: boolean; readonly value?: unknown; readonly problem?: unknown }): unknown => {
  if (!decoded.ok) throw new Error(String(decoded.problem))
  return decoded.value
}
const action = (c: Contract) => c.actions.get('go')!
const request = (c: Contract) => c.requests.get('ask')!
const event = (c: Contract) => c.events.get('told')!
const inRecord = (value: unknown) => (value as { x: unknown }).x

const PLACES: readonly Place[] = [
  {
    name: 'an argument',
    sender: 'host',
    members: (x) => ({ actions: { go: { args: { x } } } }),
    encode: (c, x) => encodeArgs('go', action(c).args, { x }),
    // A device checks the range as well.
    decode: (c, wire) => inRecord(taken(decodeArgs('go', action(c).args, wire, true))),
  },
  {
    name: 'a result',
    sender: 'device',
    members: (result) => ({ actions: { go: { result } } }),
    encode: (c, value) => encodeResult('go', action(c).result, value),
    decode: (c, wire) => taken(decodeResult('go', action(c).result, wire)),
  },
  {
    name: 'a value of a result',
    sender: 'device',
    members: (x) => ({ actions: { go: { result: { x } } } }),
    encode: (c, x) => encodeResult('go', action(c).result, { x }),
    decode: (c, wire) => inRecord(taken(decodeResult('go', action(c).result, wire))),
  },
  {
    name: 'an item',
    sender: 'device',
    members: (stream) => ({ actions: { go: { stream } } }),
    encode: (c, value) => encodeResult('go', action(c).stream, value),
    decode: (c, wire) => taken(decodeResult('go', action(c).stream, wire)),
  },
  {
    name: 'a value of an event',
    sender: 'device',
    members: (x) => ({ events: { told: { fields: { x } } } }),
    encode: (c, x) => encodeFields('told', event(c).fields, { x }),
    decode: (c, wire) => inRecord(taken(decodeFields('told', event(c).fields, wire))),
  },
  {
    name: 'an argument of a request',
    sender: 'device',
    members: (x) => ({ requests: { ask: { args: { x } } } }),
    encode: (c, x) => encodeArgs('ask', request(c).args, { x }),
    decode: (c, wire) => inRecord(taken(decodeArgs('ask', request(c).args, wire))),
  },
  {
    name: 'an answer to a request',
    sender: 'host',
    members: (result) => ({ requests: { ask: { result } } }),
    encode: (c, value) => encodeResult('ask', request(c).result, value),
    decode: (c, wire) => taken(decodeResult('ask', request(c).result, wire)),
  },
]

/** In the long form: as a record with a member `x`, not as a field. */
const long = (type: string, more: object = {}): Field => ({ type, ...more }) as Field
const number = (type: string, min?: number, max?: number): Field =>
  long(type, { ...(min !== undefined && { min }), ...(max !== undefined && { max }) })

const FIELDS: readonly Field[] = [
  ...SCALAR_TYPE_NAMES.map((type) => long(type)),
  ...(['u8', 'i8', 'u16', 'i32', 'f32', 'f64'] as const).flatMap((type) => [
    number(type, 0),
    number(type, undefined, 100),
    number(type, 1, 9),
    number(type, 0, 255),
    number(type, 0.1, 9.7),
  ]),
  ...(['str', 'bytes'] as const).flatMap((type) => [0, 4, 300].map((maxBytes) => long(type, { maxBytes }))),
  ...(['bool', 'u8', 'u16', 'i16', 'f32', 'f64', 'u64', 'str'] as const).flatMap((array) => [
    { array, maxItems: 2 },
    { array, maxItems: 20 },
  ]),
]

/** Values at the ends of a field and around them; which of them may be sent, its encoder says. */
function candidates(field: Field): readonly unknown[] {
  if (typeof field === 'string') return candidates(long(field))
  if ('array' in field) {
    const { array, maxItems } = field
    const items = candidates(long(array))
    return [[], ...items.map((one) => [one]), ...items.map((one) => Array.from({ length: maxItems }, () => one))]
  }
  const { type, maxBytes = 301 } = field
  switch (type) {
    case 'bool':
      return [true, false]
    case 'str':
      return ['', 'x'.repeat(Math.min(1, maxBytes)), 'x'.repeat(maxBytes)]
    case 'bytes':
      return [new Uint8Array(0), new Uint8Array(maxBytes).fill(7)]
    case 'f32':
    case 'f64':
      return [0, 1, -1, 0.1, 9.7, 9, 100, 255, 1.1, 255.5, 300, -200, 3e38, 1e300, 65_536, 2 ** 53]
    default: {
      const bits = BigInt(type.slice(1))
      const ends = type.startsWith('u') ? [0n, 2n ** bits - 1n] : [-(2n ** (bits - 1n)), 2n ** (bits - 1n) - 1n]
      const all = [...ends, -1n, 0n, 1n, 9n, 10n, 100n, 101n, 255n]
      return bits === 64n ? all : all.map(Number)
    }
  }
}

const codec = createValueCodec()
const contract = (members: object, more: object = {}): Contract =>
  defineContract({ name: 'pump', version: '1', ...members, ...more } as never) as Contract

/** Whether all that the sender may send arrives as what it was. */
function arrives(place: Place, sender: Contract, receiver: Contract, field: Field): boolean {
  return candidates(field).every((value) => {
    let wire: unknown
    try {
      const bytes = codec.encode(place.encode(sender, value))
      wire = taken(codec.decode(bytes))
    } catch {
      return true // it may not be sent
    }
    try {
      // As the wire has it: an f32 is rounded before it is sent.
      return String(place.decode(receiver, wire)) === String(place.decode(sender, wire))
    } catch {
      return false
    }
  })
}

/** What a descriptor says nothing about. */
const isUnseen = (line: string) =>
  /(is sent, .* is expected$)|idempotent/.test(line) && !/(nothing|one value|a record|any value) is sent/.test(line)

const hasRange = (field: Field) => typeof field === 'object' && ('min' in field || 'max' in field)
const isSameType = (a: Field, b: Field) => (a as { type?: string }).type === (b as { type?: string }).type

describe('a single change of a field', () => {
  it.each(PLACES)('$name: what the rules let pass arrives, and what they call a break of types does not', (place) => {
    const wrong: string[] = []
    let [passes, breaks] = [0, 0]
    for (const was of FIELDS) {
      for (const becomes of FIELDS) {
        const sender = contract(place.members(was))
        const receiver = contract(place.members(becomes))
        const sides = place.sender === 'host' ? { host: sender, device: receiver } : { host: receiver, device: sender }
        const lines = contractConflicts(sides)
        const isSafe = arrives(place, sender, receiver, was)
        const what = `${JSON.stringify(was)} to ${JSON.stringify(becomes)}: ${lines.join('; ') || 'compatible'}`
        if (lines.length === 0 && !isSafe) wrong.push(what)
        // A range of what comes from a board is not checked on arrival: it breaks what people rely on. And a session knows types
        // only, so that a range does not make another type fit.
        const isExpected = lines.every(isUnseen)
          ? place.name !== 'an argument'
          : hasRange(was) && !isSameType(was, becomes)
        if (lines.length > 0 && isSafe && !isExpected) wrong.push(what)
        if (lines.length === 0) passes += 1
        else breaks += 1
      }
    }
    expect(wrong).toEqual([])
    expect(passes).toBeGreaterThan(FIELDS.length)
    expect(breaks).toBeGreaterThan(FIELDS.length)
  })

  it.each(PLACES)('$name: a session, which has a descriptor only, says the same but for ranges and units', (place) => {
    for (const was of FIELDS) {
      for (const becomes of FIELDS) {
        const host = contract(place.members(was))
        const whole = contract(place.members(becomes))
        const device = parseDescriptor(descriptorOf(whole), '1')
        const session = contractConflicts({ host, device, isDescribed: true })
        const all = contractConflicts({ host, device: whole })
        expect(session, `${JSON.stringify(was)} to ${JSON.stringify(becomes)}`).toEqual(
          all.filter((line) => !isUnseen(line)),
        )
      }
    }
  })
})

const BASE = {
  actions: { start: { args: { speed: 'u8' } }, stop: {} },
  events: { leak: { index: 10, fields: { ml: 'u16' } }, full: { index: 11, acknowledged: true } },
  requests: { limit: { index: 20, args: { zone: 'u8' }, result: 'u16' } },
} as const
const { start, stop } = BASE.actions
const { leak, full } = BASE.events

/** By docs/contract.md: who may not be new while the other side is old, and whether a session, which has a descriptor only and is
 * not told of what a side has left out, says so too. */
interface MemberChange {
  readonly what: string
  readonly members: object
  readonly breaks: 'nothing' | 'new host' | 'both' | 'removal'
  readonly isSeen?: boolean
}
const changed = (members: object) => ({ ...BASE, ...members })
const MEMBER_CHANGES: readonly MemberChange[] = [
  { what: 'nothing', members: BASE, breaks: 'nothing' },
  { what: 'an action at the end', members: changed({ actions: { start, stop, drain: {} } }), breaks: 'nothing' },
  { what: 'an event at the end', members: changed({ events: { leak, full, dry: {} } }), breaks: 'nothing' },
  {
    what: 'an action at a free index',
    members: changed({ actions: { start, stop, drain: { index: 5 } } }),
    breaks: 'nothing',
  },
  {
    what: 'an action in front',
    members: changed({ actions: { drain: {}, start, stop } }),
    breaks: 'both',
    isSeen: true,
  },
  { what: 'an action removed', members: changed({ actions: { start } }), breaks: 'removal' },
  { what: 'an event removed', members: changed({ events: { leak } }), breaks: 'removal' },
  { what: 'a request removed', members: changed({ requests: {} }), breaks: 'removal' },
  { what: 'another order', members: changed({ actions: { stop, start } }), breaks: 'both', isSeen: true },
  { what: 'another name', members: changed({ actions: { begin: start, stop } }), breaks: 'both', isSeen: true },
  {
    what: 'another index',
    members: changed({ actions: { start, stop: { index: 2 } } }),
    breaks: 'both',
    isSeen: true,
  },
  {
    what: 'another kind',
    members: { ...BASE, actions: { start }, events: { stop: { index: 1 }, leak, full } },
    breaks: 'both',
    isSeen: true,
  },
  {
    what: 'an event that becomes reliable',
    members: changed({ events: { leak: { ...leak, acknowledged: true }, full } }),
    breaks: 'both',
    isSeen: true,
  },
  {
    what: 'an event that is reliable no more',
    members: changed({ events: { leak, full: { index: 11 } } }),
    breaks: 'both',
    isSeen: true,
  },
  {
    what: 'an action that becomes idempotent',
    members: changed({ actions: { start: { ...start, idempotent: true }, stop } }),
    breaks: 'new host',
  },
  { what: 'a stream', members: changed({ actions: { start, stop: { stream: 'u8' } } }), breaks: 'nothing' },
  { what: 'a result', members: changed({ actions: { start, stop: { result: 'u8' } } }), breaks: 'both', isSeen: true },
  {
    what: 'a field more',
    members: changed({ actions: { start: { args: { speed: 'u8', ms: 'u8' } }, stop } }),
    breaks: 'both',
    isSeen: true,
  },
  { what: 'another name of the contract', members: { ...BASE, name: 'valve' }, breaks: 'both', isSeen: true },
]

describe('a single change of a member', () => {
  it.each(MEMBER_CHANGES)('$what breaks $breaks', ({ members, breaks, isSeen = false }) => {
    const was = contract(BASE)
    const becomes = contract(members)
    const told = (one: Contract) => parseDescriptor(descriptorOf(one), '1')
    const session = (host: Contract, device: Contract) =>
      contractConflicts({ host, device: told(device), isDescribed: true }).length > 0
    const check = (first?: 'host' | 'device') => breakingChanges({ was, becomes, first }).length > 0
    expect([check('host'), check('device'), check()]).toEqual(
      {
        nothing: [false, false, false],
        'new host': [true, false, true],
        both: [true, true, true],
        removal: [true, true, true],
      }[breaks],
    )
    expect([session(becomes, was), session(was, becomes)]).toEqual([isSeen, isSeen])
  })

  it('the other way around breaks the same, but for what was added or was idempotent', () => {
    for (const { what, members, breaks } of MEMBER_CHANGES) {
      const change = { was: contract(members), becomes: contract(BASE) }
      const lines = (first: 'host' | 'device') =>
        breakingChanges({ ...change, first }).filter((line) => !line.includes('was removed'))
      const broken = [lines('host').length > 0, lines('device').length > 0]
      expect(broken, what).toEqual(breaks === 'new host' ? [false, true] : [breaks === 'both', breaks === 'both'])
    }
  })
})
