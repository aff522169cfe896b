/** One link of a raw port, from its start to its end: bytes into packets, packets onto the link, and the peer held back while
 * its packets wait too long to be read. */

import type { Clock } from '../../clock.js'
import { deferred } from '../../deferred.js'
import type { PortwireError } from '../../errors.js'
import { describeExit, type Exit } from '../../exit.js'
import type { Link } from '../../link/link.js'
import type { LinePart } from '../../wire/index.js'
import type { LifeSession } from './life.js'
import { type PacketMode, packetBytes } from './raw-decoder.js'
import type { PacketQueue } from './raw-queue.js'
import { createRawReceiver } from './raw-receiver.js'
import type { RawCounters, RawNotice } from './raw-types.js'
import { createRawWrites, type RawWrites } from './raw-writes.js'

export interface RawSession extends LifeSession {
  readonly writes: RawWrites
  /** Why the peer reads no more. */
  readonly inputClosed: string | undefined
  closeInput(why: string): void
  /** A reader has made room in the queue. */
  hasRoom(): void
  /** It is to end: nothing is held back any more. */
  letGo(): void
  /** How it ended, once it has. */
  readonly over: Promise<Exit>
}

export interface RawSessionOptions {
  readonly link: Link
  readonly mode: PacketMode
  readonly maxPacketBytes: number
  readonly lossless: boolean
  readonly clock: Clock
  readonly queue: PacketQueue<Uint8Array | LinePart>
  readonly counters: RawCounters
  readonly notify: (notice: RawNotice) => void
  /** What a write that waits is told. */
  readonly notRunning: (why: string) => PortwireError
  readonly over: (exit: Exit) => void
}

export function createRawSession(options: RawSessionOptions): RawSession {
  const { link, queue, counters, notify } = options
  const exited = deferred<Exit>()
  const canHold = link.pause !== undefined && link.resume !== undefined
  let isHeld = false
  let isLeaving = false
  let isOver = false
  let inputClosed: string | undefined

  const holdIfFull = () => {
    if (!canHold || isHeld || isLeaving || isOver || !queue.isFull) return
    isHeld = true
    link.pause!()
  }
  const goOn = () => {
    if (!isHeld) return
    isHeld = false
    link.resume!()
  }
  const letGo = () => {
    isLeaving = true
    goOn()
  }

  const end = (exit: Exit) => {
    if (isOver) return
    isOver = true
    receiver.end()
    writes.end(() => options.notRunning(describeExit(exit)))
    exited.resolve(exit)
    options.over(exit)
  }

  const receiver = createRawReceiver({
    ...options,
    handlers: {
      packet(packet) {
        counters.packetsReceived += 1
        if (queue.push(packet, packetBytes(packet), canHold && !isLeaving)) return holdIfFull()
        counters.packetsDropped += 1
        notify({ kind: 'packets_dropped', count: 1 })
      },
      partial(detail) {
        counters.partialsDropped += 1
        notify({ kind: 'partial_dropped', detail })
      },
      broken: (detail) => end({ kind: 'protocol', detail }),
    },
  })
  const writes = createRawWrites(link, (bytes) => {
    counters.packetsSent += 1
    counters.bytesSent += bytes
  })
  holdIfFull() // by what an earlier session has left

  return {
    link,
    writes,
    receive(bytes) {
      if (isOver) return
      counters.bytesReceived += bytes.length
      receiver.push(bytes)
    },
    inputLost(detail) {
      inputClosed ??= `it reads no more (${detail})`
      writes.end(() => options.notRunning(inputClosed!))
      notify({ kind: 'input_lost', stream: 'stdin', detail })
    },
    end,
    close() {
      letGo()
      writes.end(() => options.notRunning('closed'))
    },
    get inputClosed() {
      return inputClosed
    },
    closeInput(why) {
      inputClosed ??= why
    },
    hasRoom: goOn,
    letGo,
    over: exited.promise,
  }
}
