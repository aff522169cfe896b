/** Places at the embedded broker. */

import { expect, it, test } from 'vitest'
import { createDoor } from '../../../src/gateway/broker/door.js'

const limits = { total: 6, perAddress: 3, waiting: 4 }
const AWAY = '192.0.2.1'

test('of those who say nothing the oldest goes for a newcomer', () => {
  const door = createDoor<number>(limits)
  for (const id of [1, 2, 3, 4]) expect(door.arrive(id, '127.0.0.1')).toEqual({ drop: [] })
  expect(door.arrive(5, '127.0.0.1')).toEqual({ drop: [1] })
  door.enter(2)
  expect(door.arrive(6, '127.0.0.1')).toEqual({ drop: [] })
  expect(door.arrive(7, '127.0.0.1')).toEqual({ drop: [3] })
})

test('whoever was let in is never sent away for a newcomer', () => {
  const door = createDoor<number>(limits)
  for (let id = 1; id <= 6; id++) {
    door.arrive(id, '127.0.0.1')
    door.enter(id)
  }
  expect(door.arrive(7, '127.0.0.1')).toEqual({ drop: [], refusal: '6 connections are there already' })
  door.leave(1)
  expect(door.arrive(7, '127.0.0.1')).toEqual({ drop: [] })
  expect(door.size).toBe(6)
})

it('T11: another machine has its own bound, and its silent connections go first', () => {
  const door = createDoor<number>(limits)
  for (const id of [1, 2, 3]) door.arrive(id, AWAY)
  expect(door.arrive(4, AWAY)).toEqual({ drop: [1] })
  for (const id of [2, 3, 4]) door.enter(id)
  expect(door.arrive(5, AWAY)).toEqual({ drop: [], refusal: `3 connections from ${AWAY} are there already` })
  expect(door.arrive(6, '192.0.2.2')).toEqual({ drop: [] })
})

test('the address that has the most silent connections gives the place', () => {
  const door = createDoor<number>({ ...limits, perAddress: 10 })
  door.arrive(1, '192.0.2.2')
  for (const id of [2, 3, 4]) door.arrive(id, AWAY)
  expect(door.arrive(5, '192.0.2.3')).toEqual({ drop: [2] })
})

test('bounds hold whatever comes and goes', () => {
  const door = createDoor<number>(limits)
  const there = new Set<number>()
  for (let id = 0; id < 2_000; id++) {
    const { refusal, drop } = door.arrive(id, `192.0.2.${id % 7}`)
    for (const gone of drop) there.delete(gone)
    if (refusal === undefined) there.add(id)
    if (id % 3 === 0) door.enter(id)
    if (id % 5 === 0) {
      const [first] = there
      there.delete(first!)
      door.leave(first!)
    }
    expect(door.size).toBe(there.size)
    expect(there.size).toBeLessThanOrEqual(limits.total)
  }
})
