/** Who makes calls of a host, casts and jobs among them, and keeps the book of how they end. */

import type { Random } from '../../src/clock.js'
import { CallError, type Port, RemoteError } from '../../src/index.js'
import type { Checker } from './checker.contract.js'
import type { MortalClock } from './host.js'
import type { Ledger } from './ledger.js'

export interface Host {
  readonly port: Port<Checker>
  readonly clock: MortalClock
  /** Every call made, as something that settles. */
  readonly pending: Set<Promise<void>>
}

/** Keeps the book of a call; what a killed host is told counts no more. */
function follow(host: Host, id: number, call: Promise<boolean>, ledger: Ledger, isIdempotent = false): Promise<void> {
  ledger.called(id, isIdempotent)
  const over = call.then(
    (right) => {
      if (host.clock.isAlive) ledger.ended(id, { kind: 'result', right })
    },
    (error: unknown) => {
      if (!host.clock.isAlive) return
      if (error instanceof CallError) {
        ledger.ended(id, { kind: 'error', outcome: error.outcome })
        void error.finalOutcome.then((outcome) => host.clock.isAlive && ledger.settled(id, outcome))
      } else if (error instanceof RemoteError) ledger.ended(id, { kind: 'error', outcome: error.outcome })
      else ledger.ended(id, { kind: 'error', outcome: 'no' })
    },
  )
  host.pending.add(over)
  void over.then(() => host.pending.delete(over))
  return over
}

export function send(
  host: Host,
  action: 'add' | 'put',
  id: number,
  timeoutMs: number,
  padBytes: number,
  ledger: Ledger,
  how: { readonly emergency?: boolean; readonly signal?: AbortSignal } = {},
): Promise<void> {
  const pad = Uint8Array.from({ length: padBytes }, (_, index) => (id * 31 + index) & 0xff)
  const isRight = (result: { readonly id: number; readonly pad: Uint8Array }) =>
    result.id === id && result.pad.length === padBytes && result.pad.every((byte, index) => byte === pad[index])
  return follow(
    host,
    id,
    host.port.call(action, { id, pad }, { timeoutMs, ...how }).then(isRight),
    ledger,
    action === 'put',
  )
}

export function note(host: Host, id: number, ledger: Ledger): void {
  ledger.called(id)
  try {
    host.port.cast('note', { id })
  } catch {
    ledger.ended(id, { kind: 'error', outcome: 'no' })
  }
}

/** A job: its items come in order, and those that are missing are counted. A quarter of the readers leave early. */
export function count(
  host: Host,
  id: number,
  steps: number,
  stepMs: number,
  random: Random,
  ledger: Ledger,
): Promise<void> {
  const leaveAfter = random() < 0.25 ? Math.floor(random() * 3) : Number.POSITIVE_INFINITY
  const stream = host.port.stream('count', { id, steps, stepMs }, { timeoutMs: 20_000 })
  const read = async () => {
    let last = 0
    let items = 0
    for await (const item of stream) {
      if (item.id !== id) ledger.violation(`job ${id} was given an item of ${item.id}`)
      if (item.step <= last) ledger.violation(`job ${id}: step ${item.step} after ${last}`)
      last = item.step
      items += 1
      if (items > leaveAfter) return
    }
    if (items + stream.lost !== steps) ledger.violation(`job ${id}: ${items} items, ${stream.lost} lost, of ${steps}`)
  }
  const items = read().catch(() => {}) // it ends as the result does
  return follow(
    host,
    id,
    stream.result.then(async (result) => {
      await items
      return result === id
    }),
    ledger,
  )
}
