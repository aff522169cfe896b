/** Peers under supervision: the native firmware as a program whose process is known, and a mock board in virtual time. */

import { existsSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { createPort, type Exit, type OpenOptions, type Port, type PortNotice } from '../../src/index.js'
import { type Link, type SpawnOptions, spawnConnector } from '../../src/link/index.js'
import { greenhouse } from '../../src/testing/greenhouse.js'
import type { MockBoardOptions } from '../../src/testing/mock-board.js'
import { createMockGreenhouse } from '../../src/testing/mock-greenhouse.js'
import { createVirtualClock } from '../../src/testing/virtual-clock.js'

export type Greenhouse = (typeof greenhouse)['definition']
export type Settings = Partial<Omit<OpenOptions<Greenhouse>, 'clock'>>
type StateNotice = Extract<PortNotice, { readonly kind: 'state' }>

export const FIRMWARE = 'build/firmware/native/greenhouse'

/** What a port said of its states, and how to wait for the next that fits. */
export function followStates(port: Port<Greenhouse>) {
  const states: StateNotice[] = []
  const waiting = new Set<() => void>()
  port.watch((notice) => {
    if (notice.kind !== 'state') return
    states.push(notice)
    for (const look of [...waiting]) look()
  })
  const next = (state: StateNotice['state'], from = states.length) =>
    new Promise<StateNotice>((resolve) => {
      const look = () => {
        const found = states.slice(from).find((notice) => notice.state === state)
        if (!found) return
        waiting.delete(look)
        resolve(found)
      }
      waiting.add(look)
      look()
    })
  return { states, next }
}

/** Restarts without a pause worth waiting for. */
const SOON: Settings['restart'] = { firstMs: 1, maxMs: 1 }

/** Closed at the end of the test, whatever becomes of it. */
export function programPort(settings: Settings = {}, spawn: SpawnOptions = { program: FIRMWARE }) {
  if (!existsSync(FIRMWARE)) throw new Error(`there is no ${FIRMWARE}: run \`npm run build:firmware\``)
  const inner = spawnConnector(spawn)
  const pids: number[] = []
  const connector = {
    ...inner,
    async connect(handlers: Parameters<typeof inner.connect>[0]): Promise<Link> {
      const link = await inner.connect(handlers)
      pids.push(link.info!()['pid'] as number)
      return link
    },
  }
  const port = createPort(greenhouse, { restart: SOON, ...settings, link: connector } as OpenOptions<Greenhouse>)
  onTestFinished(async () => void (await port.close()))
  return {
    port,
    ...followStates(port),
    /** Of all lives, oldest first. */
    pids,
    /** What an out-of-memory killer does: from outside, asked by nobody. */
    crash: () => void process.kill(pids.at(-1)!, 'SIGKILL'),
  }
}

/** A shell script that gets the firmware as $1 and `args` from $2 on. */
export const sh = (script: string, ...args: string[]): SpawnOptions => ({
  program: 'sh',
  args: ['-c', script, 'sh', FIRMWARE, ...args],
})

export const newFolder = () => mkdtempSync(join(tmpdir(), 'portwire-parity-'))

export function boardPort(settings: Settings = {}, board: Partial<MockBoardOptions> = {}) {
  const clock = createVirtualClock()
  const mock = createMockGreenhouse({ ...board, clock })
  const target = { serial: mock.path, binding: mock.binding, onArrival: mock.onArrival, clock }
  const port = createPort(greenhouse, { random: () => 0.5, ...settings, ...target } as OpenOptions<Greenhouse>)
  return { clock, board: mock, port, ...followStates(port) }
}

/** How a call fails with the session that it was in. */
export const failedWith = (exit: Partial<Exit>) => ({ code: 'PORT_EXITED', exit })

/** A text of its own for each call, so that an answer tells whose it is. */
export const data = (text: string) => ({ data: new TextEncoder().encode(text) })
export const textOf = (bytes: Uint8Array) => new TextDecoder().decode(bytes)
