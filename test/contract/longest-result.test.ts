import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { defineContract, longestResultBytes, longestUnaskedBytes } from '../../src/contract/index.js'
import { createValueCodec } from '../../src/wire/index.js'

const resultOf = (result: unknown) =>
  defineContract({ name: 'x', version: '1', actions: { a: { index: 0, result } } } as never).actions.get('a')!.result

describe('the longest encoding of a result', () => {
  const codec = createValueCodec()

  it('is reached by no value of texts, bytes, arrays and numbers at their limits', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 300 }), fc.integer({ min: 0, max: 300 }), (maxBytes, maxItems) => {
        const result = resultOf({
          text: { type: 'str', maxBytes },
          data: { type: 'bytes', maxBytes },
          samples: { array: 'f64', maxItems: Math.max(maxItems, 1) },
          count: 'u64',
          on: 'bool',
        })
        const value = [
          'x'.repeat(maxBytes),
          new Uint8Array(maxBytes),
          Array.from({ length: Math.max(maxItems, 1) }, () => 0.1),
          0xffff_ffff_ffff_ffffn,
          true,
        ]
        const bytes = codec.encode(value).length
        expect(bytes).toBeLessThanOrEqual(longestResultBytes(result))
        expect(longestResultBytes(result) - bytes).toBeLessThanOrEqual(5 * 5)
      }),
      { seed: 20_261_121 },
    )
  })

  it('has no end where the contract sets none', () => {
    expect(longestResultBytes(resultOf('any'))).toBe(Number.POSITIVE_INFINITY)
    expect(longestResultBytes(resultOf('str'))).toBe(Number.POSITIVE_INFINITY)
    expect(longestResultBytes(resultOf({ data: 'bytes', on: 'bool' }))).toBe(Number.POSITIVE_INFINITY)
    expect(longestResultBytes(resultOf({ array: 'str', maxItems: 2 }))).toBe(Number.POSITIVE_INFINITY)
  })

  it('is that of a number where there is no result, or one number', () => {
    expect(longestResultBytes(resultOf(undefined))).toBe(9)
    expect(longestResultBytes(resultOf('f32'))).toBe(9)
    expect(longestResultBytes(resultOf('bool'))).toBe(1)
  })

  it('of what comes unasked is that of the longest event, request, or item and result of a job', () => {
    const bytes = (maxBytes: number) => ({ data: { type: 'bytes', maxBytes } }) as const
    const at = (sizes: { event: number; request: number; item: number; result: number }) =>
      longestUnaskedBytes(
        defineContract({
          name: 'x',
          version: '1',
          actions: {
            job: { index: 0, stream: bytes(sizes.item), result: bytes(sizes.result) },
            plain: { index: 1, result: bytes(5_000) },
          },
          events: { e: { index: 2, fields: bytes(sizes.event) } },
          requests: { r: { index: 3, args: bytes(sizes.request) } },
        }),
      )
    const small = { event: 10, request: 10, item: 10, result: 10 }
    expect(at({ ...small, event: 100 })).toBe(110)
    expect(at({ ...small, request: 100 })).toBe(119)
    expect(at({ ...small, item: 100 })).toBe(110)
    expect(at({ ...small, result: 100 })).toBe(110)
  })
})
