/** In which order events go to the broker: those of one device in the order in which they came, always. A device of which nothing
 * waits on the disk is live, and goes first; one with a backlog goes behind it, with its new events as well. Pure. */

import type { OutboxRecord } from './record.js'

export interface LaneEvent {
  readonly position: number
  readonly bytes: number
  readonly record: OutboxRecord
}

/** Where an event is that need not be read from the disk. waiting: in memory. sent: on the wire. held: the broker has it. */
export type Place = 'waiting' | 'sent' | 'held'

export interface Taken {
  place: Place
  readonly device: string
  readonly bytes: number
  /** Of the first PUBACK. */
  ackedAtMs?: number
  /** The connection that took it is gone: it is to be sent once more. */
  owed?: boolean
}

export interface Lanes {
  /** Everything that is not held waits on the disk. @param counts  events of each device that are not over */
  restart(from: number, counts: Iterable<readonly [string, number]>): void
  /** A new event is on the disk. True: it is live, and need not be read. */
  stored(event: LaneEvent, mayBeLive: boolean): boolean
  /** What was read from the disk, ascending; `below` is where to read on. */
  read(events: readonly LaneEvent[], below: number): void
  /** Where the disk is to be read from; undefined when nothing of it is needed now. */
  readonly readFrom: number | undefined
  /** The next event to send, which is on the wire from now on. */
  take(lane: 'live' | 'backlog'): LaneEvent | undefined
  /** By position: what need not be read. */
  readonly taken: ReadonlyMap<number, Taken>
  /** It is over. */
  forget(position: number): void
  /** The broker has it, and it is kept. */
  hold(position: number, nowMs: number): void
  /** The connection is gone: what it took and may have forgotten is owed. */
  owe(): void
  /** Puts what is owed back to be read. */
  replay(): void
  /** Dropped before it was read. */
  dropped(device: string): void
}

export function createLanes(maxLive: number): Lanes {
  const taken = new Map<number, Taken>()
  /** Of each device, events on the disk that were not sent yet. */
  const unsent = new Map<string, number>()
  let live: LaneEvent[] = []
  let liveAt = 0
  let buffer: LaneEvent[] = []
  let bufferAt = 0
  let cursor = 0
  let backlog = 0
  /** First PUBACK of events that are sent again. */
  const firstAck = new Map<number, number>()

  const count = (device: string, by: number) => {
    const now = (unsent.get(device) ?? 0) + by
    if (now > 0) unsent.set(device, now)
    else unsent.delete(device)
    backlog += by
  }

  return {
    taken,
    restart(from, counts) {
      live = []
      buffer = []
      liveAt = bufferAt = 0
      unsent.clear()
      backlog = 0
      cursor = from
      for (const [device, events] of counts) count(device, events)
      for (const [position, { place, device }] of taken) {
        if (place === 'held') count(device, -1)
        else taken.delete(position)
      }
    },
    stored(event, mayBeLive) {
      const { device } = event.record
      if (mayBeLive && !unsent.has(device) && live.length - liveAt < maxLive) {
        if (backlog === 0 && bufferAt === buffer.length) cursor = event.position + 1
        live.push(event)
        taken.set(event.position, { place: 'waiting', device, bytes: event.bytes })
        return true
      }
      if (backlog === 0 && bufferAt === buffer.length) cursor = event.position
      count(device, 1)
      return false
    },
    read(events, below) {
      buffer = buffer.slice(bufferAt)
      bufferAt = 0
      cursor = below
      for (const event of events) {
        buffer.push(event)
        taken.set(event.position, { place: 'waiting', device: event.record.device, bytes: event.bytes })
      }
    },
    get readFrom() {
      return bufferAt === buffer.length && backlog > 0 ? cursor : undefined
    },
    take(lane) {
      const event = lane === 'live' ? live[liveAt] : buffer[bufferAt]
      if (!event) return undefined
      if (lane === 'live') {
        liveAt += 1
        if (liveAt === live.length || liveAt > maxLive) {
          live = live.slice(liveAt)
          liveAt = 0
        }
      } else {
        bufferAt += 1
        count(event.record.device, -1)
      }
      taken.get(event.position)!.place = 'sent'
      return event
    },
    forget(position) {
      taken.delete(position)
      firstAck.delete(position)
    },
    hold(position, nowMs) {
      const event = taken.get(position)!
      event.place = 'held'
      event.ackedAtMs = firstAck.get(position) ?? nowMs
      firstAck.delete(position)
    },
    owe() {
      for (const event of taken.values()) if (event.place === 'held') event.owed = true
    },
    replay() {
      let lowest = Number.POSITIVE_INFINITY
      for (const [position, { place, owed, device, ackedAtMs }] of taken) {
        if (place !== 'held' || !owed) continue
        taken.delete(position)
        firstAck.set(position, ackedAtMs!)
        count(device, 1)
        lowest = Math.min(lowest, position)
      }
      if (lowest === Number.POSITIVE_INFINITY) return
      // What is in the buffer is read again, in order.
      for (const { position } of buffer.slice(bufferAt)) {
        taken.delete(position)
        lowest = Math.min(lowest, position)
      }
      buffer = []
      bufferAt = 0
      cursor = Math.min(lowest, cursor)
    },
    dropped: (device) => count(device, -1),
  }
}
