/** Reads events from the disk, ahead of what is sent, so much at a time. */

import type { LaneEvent, Lanes } from './lanes.js'
import { decodeRecord } from './record.js'
import type { StoredEntry } from './store.js'

export interface BacklogReader {
  /** Reads on when the lane is empty. */
  fill(): void
  /** What is being read is not wanted any more. */
  restart(): void
}

export interface BacklogReaderOptions {
  readonly read: (from: number) => Promise<readonly StoredEntry[]>
  readonly isOver: (position: number) => boolean
  readonly lanes: Pick<Lanes, 'readFrom' | 'read' | 'taken'>
  readonly ready: () => void
  /** Something is damaged or missing: the outbox is to be opened anew, which finds out what. */
  readonly failed: (error: Error) => void
}

export function createBacklogReader({ read, isOver, lanes, ready, failed }: BacklogReaderOptions): BacklogReader {
  let generation = 0
  let reading: number | undefined

  const fill = async () => {
    const from = lanes.readFrom
    if (from === undefined || reading === generation) return
    const mine = generation
    reading = mine
    let problem: Error | undefined
    try {
      const entries = await read(from)
      if (mine === generation) problem = take(from, entries)
    } catch (error) {
      problem = error as Error
    }
    if (mine !== generation) return
    reading = undefined
    if (problem) return failed(problem)
    ready()
    // All of it was over or live already.
    void fill()
  }

  /** An entry that is over may be there or not: what was read is the disk as it was a moment ago. */
  const take = (from: number, entries: readonly StoredEntry[]): Error | undefined => {
    const events: LaneEvent[] = []
    let at = from
    for (const { position, value } of entries) {
      for (; at < position; at++) if (!isOver(at)) return new Error(`record ${at} is missing`)
      at += 1
      if (isOver(position) || lanes.taken.has(position)) continue
      const record = value.length === 0 ? undefined : decodeRecord(position, value)
      if (!record) return new Error(`record ${position} is damaged`)
      events.push({ position, bytes: value.length, record })
    }
    if (entries.length === 0) return new Error(`records from ${from} on are missing`)
    lanes.read(events, at)
    return undefined
  }

  return {
    fill: () => void fill(),
    restart() {
      generation += 1
      reading = undefined
    },
  }
}
