import { describe, expect, test } from 'vitest'
import {
  Action,
  ErrorNumber,
  eventToken,
  Feature,
  FIRST_PROTOCOL_ACTION,
  nextToken,
  tokenDistance,
} from '../../src/wire/index.js'

test('the actions fill 0xF0 to 0xFF without a gap', () => {
  expect(Object.values(Action).toSorted((one, other) => one - other)).toEqual(
    Array.from({ length: 16 }, (_, index) => FIRST_PROTOCOL_ACTION + index),
  )
})

test('no two features share a bit, no two errors a number', () => {
  const bits = Object.values(Feature)
  expect(bits.reduce((sum, bit) => sum | bit, 0)).toBe(2 ** bits.length - 1)
  expect(new Set(Object.values(ErrorNumber)).size).toBe(Object.values(ErrorNumber).length)
})

describe('tokens', () => {
  test('count 1, 2, ... 255, 1 ... and never come to 0', () => {
    let token = 0
    const seen: number[] = []
    for (let step = 0; step < 256; step++) {
      token = nextToken(token)
      seen.push(token)
    }
    expect(seen.slice(0, 255)).toEqual(Array.from({ length: 255 }, (_, index) => index + 1))
    expect(seen[255]).toBe(1)
  })

  test('are as far apart as the steps between them', () => {
    for (const from of [1, 2, 127, 254, 255]) {
      let to = from
      for (let steps = 0; steps < 255; steps++) {
        expect(tokenDistance(from, to)).toBe(steps)
        to = nextToken(to)
      }
    }
  })

  test('of events follow from their numbers, over the whole range', () => {
    expect([0, 1, 253, 254, 255, 256].map(eventToken)).toEqual([1, 2, 254, 255, 1, 2])
    for (const number of [0, 254, 255, 2 ** 31, 2 ** 32 - 2]) {
      expect(eventToken(number + 1)).toBe(nextToken(eventToken(number)))
    }
  })
})
