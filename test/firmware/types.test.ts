/** Every type of a contract between this library and the one in C++, there and back. */

import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { defineContract, type OpenOptions, open, type Port } from '../../src/index.js'
import { BUILD_TIMEOUT_MS } from './build.js'
import { buildProgram } from './life-peers.js'

const SCALARS = {
  Bool: 'bool',
  U8: 'u8',
  U16: 'u16',
  U32: 'u32',
  U64: 'u64',
  I8: 'i8',
  I16: 'i16',
  I32: 'i32',
  I64: 'i64',
  F32: 'f32',
  F64: 'f64',
  Str: 'str',
  Bytes: 'bytes',
} as const
const MAX_ITEMS = 5

const bounded = (type: string) => (type === 'str' || type === 'bytes' ? { type, maxBytes: 8 } : type)
const wide = { large: 'u64', small: 'i64', real: 'f64', many: { array: 'f64', maxItems: 3 } } as const
const everyScalar = Object.fromEntries(Object.values(SCALARS).map((type) => [`a_${type}`, bounded(type)]))
const list = { many: { array: 'u64', maxItems: 3 } }

const RANGES = {
  U8: { type: 'u8', min: 10, max: 20 },
  I64: { type: 'i64', min: -5_000_000_000, max: 5_000_000_000 },
  F32: { type: 'f32', min: -0.5 },
  F64: { type: 'f64', max: 0.1 },
} as const

function definition(isChecked: boolean) {
  const actions: Record<string, unknown> = {}
  for (const [name, type] of Object.entries(SCALARS)) {
    actions[`echo${name}`] = { args: { value: bounded(type) }, result: bounded(type) }
  }
  for (const [name, type] of Object.entries(SCALARS)) {
    const array = { array: type, maxItems: MAX_ITEMS }
    actions[`many${name}`] = { args: { value: array }, result: array }
  }
  for (const [name, range] of Object.entries(RANGES)) {
    actions[`ranged${name}`] = { args: { value: isChecked ? range : range.type }, result: range.type }
  }
  return {
    name: 'types',
    version: '1',
    actions: {
      ...actions,
      all: { args: { ...everyScalar, ...list }, result: { ...everyScalar, ...list } },
      send: { args: wide, stream: wide, result: { array: 'f64', maxItems: 3 } },
      ran: { result: 'u32' },
    },
    events: { plain: { fields: wide }, kept: { fields: wide, acknowledged: true } },
    requests: { reflect: { args: wide, result: wide } },
  }
}

interface Untyped {
  call(action: string, args?: object): Promise<unknown>
  on(event: string, listener: (value: unknown) => void): () => void
  consume(event: string, consumer: (value: unknown) => void): unknown
  handle(request: string, handler: (args: unknown) => unknown): unknown
  stream(action: string, args: object): AsyncIterable<unknown> & { readonly result: Promise<unknown> }
  close(): Promise<void>
}

let program = ''
let port: Untyped
beforeAll(async () => {
  program = await buildProgram('types', define(true))
  port = await opened(define(true))
}, BUILD_TIMEOUT_MS)
afterAll(() => port?.close())

function define(isChecked: boolean) {
  return defineContract(definition(isChecked) as never)
}

async function opened(contract: unknown): Promise<Untyped> {
  const target = { spawn: program, restart: { type: 'temporary' } } as unknown as OpenOptions<never>
  return (await open(contract as never, target)) as Port<never> as unknown as Untyped
}

const bits = (type: string) => BigInt(type.slice(1))
const whole = (type: string, [low, high]: readonly [bigint, bigint]) => {
  const big = fc.oneof(fc.bigInt(low, high), fc.constantFrom(low, high, low + 1n, high - 1n, 0n))
  return type.endsWith('64') ? big : big.map(Number)
}
/** Whole numbers at the edge of 53 bits, the smallest, a large one, and one that no float has. */
const DOUBLES = [2 ** 53, -(2 ** 53) - 2, 5e-324, 1e300, 0.1]

/** Below it floats fade out: beside a number that needs 64 bits, where all travel so, a device takes them for zero. */
const SMALLEST_FLOAT = 2 ** -126

/** Any value of a type; without minus zero, which the host sends as the integer 0. */
function anyOf(type: string): fc.Arbitrary<unknown> {
  switch (type) {
    case 'bool':
      return fc.boolean()
    case 'f32':
      return fc.float().map((value) => (Math.abs(value) < SMALLEST_FLOAT ? 0 : value))
    case 'f64':
      return fc.oneof(fc.double(), fc.float(), fc.integer(), fc.constantFrom(...DOUBLES)).map((value) => value + 0)
    case 'str':
      return fc.string({ unit: 'binary' }).filter((text) => Buffer.byteLength(text) <= 8)
    case 'bytes':
      return fc.uint8Array({ maxLength: 8 })
    default: {
      const half = 2n ** (bits(type) - 1n)
      return whole(type, type.startsWith('u') ? [0n, 2n * half - 1n] : [-half, half - 1n])
    }
  }
}

const seed = Date.now() & 0xffff_ffff
/** Runs `check` for that many values and says the seed when it fails. */
async function forAny<T>(values: fc.Arbitrary<T>, numRuns: number, check: (value: T) => Promise<void>): Promise<void> {
  await fc.assert(fc.asyncProperty(values, check), { numRuns, seed })
}

const wideValue = fc.record({
  large: anyOf('u64'),
  small: anyOf('i64'),
  real: anyOf('f64'),
  many: fc.array(anyOf('f64'), { maxLength: 3 }),
})

describe('every type of a contract, between TypeScript and a program in C++', () => {
  it.each(Object.entries(SCALARS))('comes back as it went: a value of %s (%s)', async (name, type) => {
    await forAny(anyOf(type), 100, async (value) => {
      expect(await port.call(`echo${name}`, { value })).toEqual(value)
    })
  })

  it.each(Object.entries(SCALARS))(
    'comes back as it went: an array of %s (%s), empty and full too',
    async (name, type) => {
      await forAny(fc.array(anyOf(type), { maxLength: MAX_ITEMS }), 40, async (value) => {
        expect(await port.call(`many${name}`, { value })).toEqual(value)
      })
      await forAny(fc.array(anyOf(type), { minLength: MAX_ITEMS, maxLength: MAX_ITEMS }), 10, async (value) => {
        expect(await port.call(`many${name}`, { value })).toEqual(value)
      })
    },
  )

  it('comes back as it went: fourteen arguments of all types, as a record', async () => {
    const fields = Object.values(SCALARS).map((type) => [`a_${type}`, anyOf(type)] as const)
    const args = fc.record({ ...Object.fromEntries(fields), many: fc.array(anyOf('u64'), { maxLength: 3 }) })
    await forAny(args, 100, async (value) => {
      expect(await port.call('all', value)).toEqual(value)
    })
  })

  it('comes back as it went: in events of both kinds, as the item and the result of a job, and through a request', async () => {
    let listener: (way: string, value: unknown) => void = () => {}
    port.on('plain', (value) => listener('plain', value))
    port.consume('kept', (value) => listener('kept', value))
    port.handle('reflect', (args) => args)
    await port.call('ran') // behind the binding
    await forAny(wideValue, 30, async (value) => {
      const seen: Record<string, unknown> = {}
      const both = new Promise<void>((resolve) => {
        listener = (way, got) => {
          seen[way] = got
          if ('plain' in seen && 'kept' in seen) resolve()
        }
      })
      const job = port.stream('send', value)
      const items: unknown[] = []
      for await (const item of job) items.push(item)
      expect(items).toEqual([value])
      expect(await job.result).toEqual(value.many)
      await both
      expect(seen['plain']).toEqual(value)
      expect(seen['kept']).toEqual(value)
    })
  })
})

describe('a range of the contract, on a program in C++', () => {
  it('is kept by the device though the host does not know it: at its ends it runs, beyond them it says so and does not', async () => {
    const loose = await opened(define(false))
    try {
      const before = await loose.call('ran')
      const inside = [
        ['U8', 10],
        ['U8', 20],
        ['I64', -5_000_000_000n],
        ['I64', 5_000_000_000n],
        ['F32', -0.5],
        ['F32', Infinity],
        ['F64', 0.1],
        ['F64', -Infinity],
      ] as const
      for (const [type, value] of inside) expect(await loose.call(`ranged${type}`, { value })).toEqual(value)
      expect(await loose.call('ran')).toBe((before as number) + inside.length)
      const outside = [
        ['U8', 9],
        ['U8', 21],
        ['I64', -5_000_000_001n],
        ['I64', 5_000_000_001n],
        ['F32', Math.fround(-0.500001)],
        ['F32', NaN],
        ['F64', 0.10000000000000002],
        ['F64', NaN],
      ] as const
      for (const [type, value] of outside) {
        await expect(loose.call(`ranged${type}`, { value }), `${type} ${value}`).rejects.toMatchObject({
          code: 'REMOTE_ERROR',
          errorNumber: 2,
          outcome: 'no',
          message: expect.stringContaining('argument 1 out of range'),
        })
      }
      expect(await loose.call('ran')).toBe((before as number) + inside.length)
    } finally {
      await loose.close()
    }
  })
})
