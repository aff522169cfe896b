/** How many actions each kind of peer can be called by, from the first index to the last. */

import 'serialport'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type ContractDefinition, defineContract } from '../../src/contract/index.js'
import { type OpenOptions, open, type Port } from '../../src/index.js'
import { serve } from '../../src/serve.js'
import { createMockBoard } from '../../src/testing/mock-board.js'
import { createVirtualClock } from '../../src/testing/virtual-clock.js'
import { compileProgram } from '../port/programs/compile.js'

const PORTWIRE_ACTIONS = 240
const ACTION_ACTIONS = 256

const manyActions = (count: number, action: object) =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [`a${i}`, action]))
const many = (count: number, protocol: 'portwire' | 'action' = 'portwire') =>
  defineContract({
    name: 'many',
    version: '1',
    protocol,
    actions: manyActions(count, protocol === 'action' ? { args: 'any', result: 'any' } : { result: 'u16' }),
  } as ContractDefinition)
const handlers = Object.fromEntries(Array.from({ length: PORTWIRE_ACTIONS }, (_, i) => [`a${i}`, () => i]))

const cleanUp: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const clean of cleanUp.splice(0).reverse()) await clean()
})

async function callAll(port: Port<ContractDefinition>, until: <T>(promise: Promise<T>) => Promise<T>) {
  const call = port.call as unknown as (action: string) => Promise<number>
  for (let i = 0; i < PORTWIRE_ACTIONS; i++) expect(await until(call(`a${i}`))).toBe(i)
}

describe('a served program', () => {
  it('C3: is called by each of 240 actions, and the 241st is refused when it is defined', async () => {
    const server = await serve(many(PORTWIRE_ACTIONS), handlers as never, { tcp: '127.0.0.1:0' })
    cleanUp.push(() => server.close())
    const port = await open(many(PORTWIRE_ACTIONS), { tcp: server.addresses.tcp! })
    cleanUp.push(() => port.close())
    await callAll(port as never, (promise) => promise)
    expect(() => many(PORTWIRE_ACTIONS + 1)).toThrow(
      'CONTRACT_INVALID: contract.actions.a240: index 240 is not in 0 to 239',
    )
  })

  it('cannot serve a contract of programs that exist already', async () => {
    await expect(serve(many(3, 'action'), {} as never, { tcp: '127.0.0.1:0' })).rejects.toThrow(
      "ARGUMENT_INVALID: many: a contract for protocol 'action' cannot be served",
    )
  })
})

describe('a mock board', () => {
  it('C3: is called by each of 240 actions', async () => {
    const clock = createVirtualClock()
    const board = createMockBoard({ contract: many(PORTWIRE_ACTIONS), handlers, clock })
    const target = { serial: board.path, binding: board.binding, clock }
    const port = await clock.until(open(many(PORTWIRE_ACTIONS), target as OpenOptions))
    await callAll(port as never, (promise) => clock.until(promise))
    await clock.until(port.close())
  })
})

describe('a spawned program with protocol action', () => {
  let program = ''
  beforeAll(async () => {
    program = await compileProgram('peer')
  }, 60_000)

  it('C3: has 256 actions, is called by the first and by those up to the last, and the 257th is refused when it is defined', async () => {
    const port = await open(many(ACTION_ACTIONS, 'action'), { spawn: program, args: ['2'], protocol: 'action' })
    cleanUp.push(() => port.close())
    const call = port.call as unknown as (action: string, value?: unknown) => Promise<unknown>
    const FIRST_UNKNOWN = 19 // to the program: it answers an error, and lives
    const echo = 0
    for (let i = FIRST_UNKNOWN; i < ACTION_ACTIONS; i++) expect(await call(`a${i}`)).toEqual(['error', 'badarg'])
    expect(await call(`a${echo}`, 7)).toBe(7)
    expect(() => many(ACTION_ACTIONS + 1, 'action')).toThrow('contract.actions.a256: index 256 is not in 0 to 255')
  })

  it('is not spoken to in the portwire protocol with such a contract', async () => {
    await expect(open(many(ACTION_ACTIONS, 'action'), { spawn: program })).rejects.toThrow(
      "ARGUMENT_INVALID: protocol: the contract is one for protocol 'action'",
    )
  })
})
