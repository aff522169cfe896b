/** What a served program leaves behind, and what it refuses, whoever is connected. */

import { connect, type Socket } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { type Clock, systemClock } from '../src/clock.js'
import { defineContract } from '../src/contract/index.js'
import { type ServeOptions, serve } from '../src/serve.js'

const contract = defineContract({ name: 'lamp', version: '1', actions: { blink: {} } })

async function serving(options: ServeOptions = {}) {
  const server = await serve(contract, { blink: () => undefined }, { tcp: '127.0.0.1:0', ...(options as object) })
  onTestFinished(() => server.close())
  return server
}

/** Resolves when the server has said hello. */
async function connected(address: string): Promise<Socket> {
  const socket = connect(Number(address.split(':')[1]), '127.0.0.1')
  onTestFinished(() => void socket.destroy())
  await new Promise((resolve) => socket.once('data', resolve))
  return socket
}

describe('a served program over TCP', () => {
  it('leaves no timer behind for a host that has closed its half: its process may end', async () => {
    const waiting = new Set<number>()
    let timers = 0
    const after: Clock['after'] = (delayMs, run) => {
      const timer = ++timers
      waiting.add(timer)
      const cancel = systemClock.after(delayMs, () => {
        waiting.delete(timer)
        run()
      })
      return () => {
        waiting.delete(timer)
        cancel()
      }
    }
    const server = await serving({ clock: { ...systemClock, after } })
    const socket = await connected(server.addresses.tcp!)
    const closed = new Promise((resolve) => socket.on('close', resolve))
    socket.end()
    await closed
    await server.close()
    expect(timers).toBeGreaterThan(0)
    expect([...waiting]).toEqual([])
  })

  it('refuses a status that is none also when nobody is connected, and goes on', async () => {
    const server = await serving()
    for (const status of [300, -1, 1.5, Number.NaN]) {
      await expect(server.exit(status)).rejects.toMatchObject({ code: 'ARGUMENT_INVALID' })
    }
    await connected(server.addresses.tcp!)
  })

  it.each([Number.NaN, 0, -1, 1.5])('refuses maxConnections: %o', async (maxConnections) => {
    await expect(serving({ maxConnections })).rejects.toThrow('ARGUMENT_INVALID: maxConnections: ')
  })
})
