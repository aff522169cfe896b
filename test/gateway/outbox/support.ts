/** A durable outbox over a folder of the test, and a broker that takes what it is given. */

import { onTestFinished } from 'vitest'
import { systemClock } from '../../../src/clock.js'
import { createDurableOutbox } from '../../../src/gateway/outbox/durable-outbox.js'
import type { OutboxRecord } from '../../../src/gateway/outbox/record.js'
import type { OutboxFolder } from '../../../src/gateway/outbox/store.js'
import type { DurableOutbox, DurableOutboxOptions, OutboxAlarm } from '../../../src/gateway/outbox/types.js'

export interface Bench {
  readonly outbox: DurableOutbox
  readonly alarms: OutboxAlarm[]
  readonly rejected: string[]
  /** Takes what there is to send, acknowledges nothing. */
  send(most?: number): Promise<{ position: number; payload: Record<string, unknown> }[]>
  /** Takes and acknowledges everything until nothing comes any more. */
  drain(): Promise<Record<string, unknown>[]>
  /** The same until nothing is held: for a real disk, which takes its time. */
  empty(): Promise<Record<string, unknown>[]>
}

/** @param n  the event's number, which is in its payload and its id */
export function eventOf(device: string, n: number, more: Partial<OutboxRecord> = {}): OutboxRecord {
  const id = `${device}:00000001:${n}`
  return {
    device,
    atMs: 0,
    topic: `portwire/${device}/event/reading`,
    payload: JSON.stringify({ n, id }),
    id,
    historicalMember: 'historical',
    ...more,
  }
}

export async function openBench(folder: OutboxFolder, options: Partial<DurableOutboxOptions> = {}): Promise<Bench> {
  const alarms: OutboxAlarm[] = []
  const rejected: string[] = []
  const outbox = createDurableOutbox({
    folder,
    maxBytes: 1_000_000,
    ttlMs: Number.POSITIVE_INFINITY,
    onFull: 'drop-oldest',
    holdMs: 0,
    unnoticedMs: 15_000,
    clock: systemClock,
    now: () => new Date(0),
    reportTopic: 'portwire/bridge/event',
    rejected: (device) => rejected.push(device),
    alarm: (alarm) => alarms.push(alarm),
    ready: () => {},
    log: () => {},
    ...options,
  })
  onTestFinished(() => outbox.close())
  await outbox.started
  const send = async (most = Number.POSITIVE_INFINITY) => {
    const sent = []
    for (let quiet = 0; quiet < 20 && sent.length < most; ) {
      const event = outbox.take('live') ?? outbox.take('backlog')
      if (event) {
        sent.push({ position: event.position, payload: JSON.parse(String(event.publication.payload)) })
        quiet = 0
      } else {
        quiet += 1
        await turn()
      }
    }
    return sent
  }
  return {
    outbox,
    alarms,
    rejected,
    send,
    async empty() {
      const all = []
      while (outbox.info.events > 0) {
        const event = outbox.take('live') ?? outbox.take('backlog')
        if (!event) await turn()
        else {
          outbox.acknowledge(event.position)
          all.push(JSON.parse(String(event.publication.payload)))
        }
      }
      return all
    },
    async drain() {
      const all = []
      for (;;) {
        const sent = await send(100)
        if (sent.length === 0) return all
        for (const { position, payload } of sent) {
          outbox.acknowledge(position)
          all.push(payload)
        }
      }
    },
  }
}

/** Lets reads and writes that are under way go on. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

export async function turns(count = 30): Promise<void> {
  for (let i = 0; i < count; i++) await turn()
}
