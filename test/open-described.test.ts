import { describe, expect, it, onTestFinished } from 'vitest'
import { descriptorOf } from '../src/contract/index.js'
import { openDescribed, serve } from '../src/index.js'
import { greenhouse } from '../src/testing/greenhouse.js'
import { PEERS } from './port/peers.js'

describe.each(['a program', 'a board'])('openDescribed over %s, the firmware in C++', (kind) => {
  it('needs no contract: calls, events, a job and a request by the names that the device tells', async () => {
    const { target } = await PEERS[kind]!()
    const port = await openDescribed(target as never)
    onTestFinished(async () => void (await port.close()))
    expect(descriptorOf(port.contract)).toEqual(descriptorOf(greenhouse))
    expect(port.contract.hash).toBe(greenhouse.hash)
    expect(await port.call('setVent', { open: 0.5 })).toBe(0.5)
    expect(await port.call('readClimate')).toEqual({ celsius: expect.any(Number), humidity: expect.any(Number) })
    const items: unknown[] = []
    for await (const item of port.stream('calibrate', { probe: 0 })) items.push(item)
    expect(items).toHaveLength(10)
    const reading = new Promise((resolve) => port.on('reading', resolve))
    await port.call('setInterval', { ms: 100 })
    expect(await reading).toEqual({ celsius: expect.any(Number), humidity: expect.any(Number) })
    await expect(port.call('setVents', {})).rejects.toMatchObject({ code: 'ARGUMENT_INVALID' })
    await expect(port.call('setVent', { open: 'wide' })).rejects.toMatchObject({ code: 'ARGUMENT_INVALID' })
  })
})

describe('openDescribed over a program in TypeScript', () => {
  it('is told the contract that serve was given', async () => {
    const server = await serve(
      greenhouse,
      Object.fromEntries([...greenhouse.actions.keys()].map((name) => [name, () => 1])) as never,
      { tcp: '127.0.0.1:0' },
    )
    onTestFinished(() => server.close())
    const port = await openDescribed({ tcp: server.addresses.tcp! })
    onTestFinished(async () => void (await port.close()))
    expect(port.contract.hash).toBe(greenhouse.hash)
    expect(await port.call('setVent', { open: 1 })).toBe(1)
    expect(port.info().contract).toBe('greenhouse')
  })

  it('refuses protocol action, which has no message that asks', async () => {
    await expect(openDescribed({ spawn: 'cat', protocol: 'action' } as never)).rejects.toMatchObject({
      code: 'ARGUMENT_INVALID',
    })
  })
})
