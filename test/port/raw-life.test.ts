import { describe, expect, it } from 'vitest'
import { openRaw, type RawNotice } from '../../src/index.js'
import type { Connector, LineLevels, Link, LinkHandlers } from '../../src/link/index.js'
import { createRawPort } from '../../src/port/host/raw-port.js'
import { createVirtualClock, type VirtualClock } from '../../src/testing/virtual-clock.js'
import { failure } from './action-peer.js'

const bytes = (text: string) => new TextEncoder().encode(text)
const text = (packet: Uint8Array) => Buffer.from(packet).toString()
const STOP = { next: () => ({ kind: 'stop' }) as const }
const AGAIN = { next: () => ({ kind: 'restart', inMs: 100 }) as const }

const silentLink = (handlers: LinkHandlers, more: Partial<Link> = {}): Link => ({
  write: () => true,
  drained: async () => {},
  close: async () => handlers.ended({ kind: 'closed' }),
  ...more,
})

function start(clock: VirtualClock, connect: Connector['connect'], restart: typeof STOP | typeof AGAIN = AGAIN) {
  const connector = { name: 'odd', lossless: true, connect }
  const port = createRawPort(connector, { packet: 'stream', restart, clock, readyTimeoutMs: 300 })
  const notices: RawNotice[] = []
  port.watch((notice) => notices.push(notice))
  return { port, states: () => notices.flatMap((notice) => (notice.kind === 'state' ? [notice.state] : [])) }
}

describe('the life of a raw port is that of a Port', () => {
  it('a connector that throws is a failed start, tried again', async () => {
    const clock = createVirtualClock()
    const { port } = start(clock, () => {
      throw new Error('no such thing')
    })
    await clock.advance(50)
    expect(port.info()).toMatchObject({ state: 'backoff', lastExit: { kind: 'failed' } })
    await clock.until(port.close())
  })

  it('L2: a program that is not there is told at once', async () => {
    expect(await failure(openRaw({ spawn: './no-such-program' }, { packet: 2 }))).toMatchObject({
      code: 'PORT_NOT_FOUND',
    })
  })

  it('a connector that never settles is given up after readyTimeoutMs', async () => {
    const clock = createVirtualClock()
    const connector = { name: 'stuck', lossless: true, connect: () => new Promise<never>(() => {}) }
    const opening = openRaw({ link: connector }, { packet: 2, clock, readyTimeoutMs: 300 })
    expect(await failure(clock.until(opening))).toMatchObject({
      code: 'PORT_FAILED',
      message: 'PORT_FAILED: stuck could not be opened in 300 ms',
    })
    await expect(openRaw({ link: connector }, { packet: 2, readyTimeoutMs: 0 })).rejects.toMatchObject({
      code: 'ARGUMENT_INVALID',
    })
  })

  it('a link that comes too late is closed, and none is opened before it is', async () => {
    const clock = createVirtualClock()
    const log: string[] = []
    let opens = 0
    const { port } = start(clock, (handlers) => {
      opens += 1
      log.push(`open ${opens}`)
      const link = silentLink(handlers, { close: async () => void log.push('closed') })
      return opens > 1 ? Promise.resolve(link) : new Promise((resolve) => clock.after(1_000, () => resolve(link)))
    })
    await clock.advance(900)
    expect(log).toEqual(['open 1'])
    await clock.advance(200)
    expect(log).toEqual(['open 1', 'closed', 'open 2'])
    await clock.until(port.close())
  })

  it('a link that does not close is given up after 5,000 ms', async () => {
    const clock = createVirtualClock()
    const { port } = start(clock, async (handlers) => silentLink(handlers, { close: () => new Promise(() => {}) }))
    await clock.until(port.ready())
    const fromMs = clock.nowMs()
    expect(await clock.until(port.close())).toEqual({ kind: 'closed' })
    expect(clock.nowMs() - fromMs).toBe(5_000)
  })

  it('what a link says before it is handed over is heard, its end last', async () => {
    const clock = createVirtualClock()
    const { port, states } = start(
      clock,
      async (handlers) => {
        handlers.data(bytes('first'))
        handlers.inputLost?.('EPIPE')
        handlers.data(bytes('last'))
        handlers.ended({ kind: 'status', status: 7 })
        return silentLink(handlers, { close: async () => {} })
      },
      STOP,
    )
    const packets: string[] = []
    const reading = (async () => {
      for await (const packet of port.packets()) packets.push(text(packet))
    })()
    expect(await clock.until(port.exited)).toEqual({ kind: 'status', status: 7 })
    await reading
    expect(packets).toEqual(['first', 'last'])
    expect(states()).toEqual(['running', 'closed'])
  })

  it('a watcher that throws stops nothing', async () => {
    const clock = createVirtualClock()
    const { port } = start(clock, async (handlers) => silentLink(handlers))
    const thrown: unknown[] = []
    const before = process.listeners('uncaughtException')
    process.removeAllListeners('uncaughtException')
    process.on('uncaughtException', (error) => thrown.push(error))
    try {
      port.watch(() => {
        throw new Error('bug in a watcher')
      })
      await clock.until(port.close())
    } finally {
      process.removeAllListeners('uncaughtException')
      for (const listener of before) process.on('uncaughtException', listener)
    }
    expect(thrown.length).toBeGreaterThan(0)
    expect(port.info().state).toBe('closed')
  })
})

describe('kill of a raw board', () => {
  it('L12: is a pulse on DTR and RTS, after which a new life begins on the same link', async () => {
    const clock = createVirtualClock()
    const levels: LineLevels[] = []
    let opens = 0
    const { port } = start(clock, async (handlers) => {
      opens += 1
      return silentLink(handlers, {
        async control(changed) {
          levels.push(changed)
        },
      })
    })
    await clock.until(port.ready())
    expect(await clock.until(port.kill())).toEqual({ kind: 'reset', cause: 'external' })
    expect(levels).toEqual([
      { dtr: false, rts: false },
      { dtr: true, rts: true },
    ])
    await clock.until(port.ready())
    expect(port.info()).toMatchObject({ state: 'running', session: 2, restarts: 1 })
    expect(opens).toBe(1)
    await clock.until(port.close())
    expect(await failure(port.kill())).toMatchObject({ code: 'PORT_EXITED' })
  })
})
