import { expect, it } from 'vitest'
import type { Contract } from '../../src/contract/index.js'
import { anyActionName, createAnyContract } from '../../src/stdio/any-contract.js'
import { greenhouse } from '../../src/testing/greenhouse.js'

it('has an action for each of the 240 numbers, which takes and gives any value', () => {
  const { actions, byIndex } = createAnyContract()
  expect(actions.size).toBe(240)
  for (let index = 0; index < 240; index++) {
    expect(actions.get(anyActionName(index))).toMatchObject({ index, args: { kind: 'any' }, result: { kind: 'any' } })
  }
  expect(byIndex.size).toBe(0)
})

it('of a contract that is known it has the hash, the events and the requests; its actions are numbers all the same', () => {
  const any = createAnyContract(greenhouse as unknown as Contract)
  expect(any.hash).toBe(greenhouse.hash)
  expect([...any.events.keys()]).toEqual(['reading', 'alarm', 'vent', 'lamp'])
  expect([...any.requests.keys()]).toEqual(['getSetpoint'])
  expect(any.byIndex.get(14)).toEqual({ kind: 'request', name: 'getSetpoint' })
  expect(any.actions.get(anyActionName(14))).toMatchObject({ index: 14, args: { kind: 'any' } })
})
