/** The same greenhouse twice: as a spawned program, and as a board on a serial line (the firmware behind a pseudo-terminal).
 * Both can be stopped, so that they neither read nor answer, and let go on. */

import { existsSync, readFileSync } from 'node:fs'
import { expect, onTestFinished } from 'vitest'
import { createPort, type OpenOptions, type Port, type PortNotice } from '../../src/index.js'
import { greenhouse } from '../../src/testing/greenhouse.js'
import { startNative } from '../../src/testing/native.js'

export type Greenhouse = (typeof greenhouse)['definition']
export type PeerOptions = Partial<OpenOptions<Greenhouse>>

export interface Peer {
  readonly target: OpenOptions<Greenhouse>
  /** The process at the other end, whatever carries its bytes. */
  pid(port: Port<Greenhouse>): number
}

const NATIVE = 'build/firmware/native/greenhouse'

/** @param args of the firmware */
export const PEERS: Readonly<Record<string, (...args: string[]) => Promise<Peer>>> = {
  'a program': async (...args) => ({
    target: { spawn: needed(NATIVE), args },
    pid: (port) => port.info().stream!.pid!,
  }),
  'a board': async (...args) => {
    const board = await startNative(needed(NATIVE), { args })
    onTestFinished(async () => {
      board.kill()
      await board.exited
    })
    return { target: { serial: board.path }, pid: () => board.pid }
  },
}

/** A port over a peer; it has been started. It is closed with the test. */
export function portOver(peer: Peer, options: PeerOptions = {}) {
  const port = createPort(greenhouse, { random: () => 0.5, ...peer.target, ...options } as OpenOptions<Greenhouse>)
  const notices: PortNotice[] = []
  port.watch((notice) => notices.push(notice))
  onTestFinished(async () => void (await port.close()))
  return { port, notices }
}

/** A port over a peer that runs, and how to stop and continue its process. */
export async function runningOver(peer: Peer, options: PeerOptions = {}) {
  const { port, notices } = portOver(peer, options)
  await port.ready()
  const pid = peer.pid(port)
  const signal = (name: NodeJS.Signals) => {
    if (isAlive(pid)) process.kill(pid, name)
  }
  onTestFinished(() => signal('SIGCONT')) // before the port is closed: what is stopped cannot leave
  const stop = async () => {
    signal('SIGSTOP')
    await hasStopped(pid)
  }
  return { port, notices, pid, stop, goOn: () => signal('SIGCONT') }
}

/** Resolves when a process has stopped: a signal is on its way for a while. */
export async function hasStopped(pid: number): Promise<void> {
  const state = () => readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]![0]
  await expect.poll(state, { interval: 5 }).toBe('T')
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

function needed(path: string): string {
  if (existsSync(path)) return path
  throw new Error(`there is no ${path}: run \`npm run build:firmware\``)
}
