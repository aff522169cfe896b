/** A port whose packets are bytes in both directions: opening, restarts and exits as a Port has them, and nothing of a
 * protocol. */

import { systemClock } from '../../clock.js'
import { deferred } from '../../deferred.js'
import { PortwireError } from '../../errors.js'
import { describeExit, type Exit } from '../../exit.js'
import type { Connector, Link } from '../../link/link.js'
import type { LinePart } from '../../wire/index.js'
import type { RestartStrategy } from '../types.js'
import { checkPacketMode, encodeRaw, type PacketMode, packetBytes, type RawPacket } from './raw-decoder.js'
import { createPacketQueue } from './raw-queue.js'
import { createRawReceiver } from './raw-receiver.js'
import { RAW_DEFAULTS, type RawCounters, type RawNotice, type RawPort, type RawPortOptions } from './raw-types.js'
import { createRawWrites, type RawWrites } from './raw-writes.js'

type Life =
  | { readonly kind: 'opening' }
  | { readonly kind: 'running'; readonly session: RawSession; readonly sinceMs: number }
  | { readonly kind: 'backoff' | 'failed'; cancel(): void }
  | { readonly kind: 'closed'; readonly exit: Exit }

/** One link, from its start to its end. */
interface RawSession {
  readonly link: Link
  readonly writes: RawWrites
  isInputOpen: boolean
}

/** Makes a raw port and starts it; it goes on starting as its restart strategy says.
 * @throws ARGUMENT_INVALID  the packet mode is none, or a limit is no whole number from 1 */
export function createRawPort<M extends PacketMode>(
  connector: Connector,
  options: RawPortOptions<M> & { readonly restart: RestartStrategy },
): RawPort<RawPacket<M>> {
  const mode: PacketMode = options.packet
  checkPacketMode(mode)
  const name = options.name ?? connector.name
  const clock = options.clock ?? systemClock
  const limits = checkedLimits(options)
  const queue = createPacketQueue<Uint8Array | LinePart>(limits.maxWaitingPackets, limits.maxWaitingBytes)
  const counters: RawCounters = {
    bytesReceived: 0,
    bytesSent: 0,
    packetsReceived: 0,
    packetsSent: 0,
    packetsDropped: 0,
    partialsDropped: 0,
  }
  const watchers = new Set<(notice: RawNotice) => void>()
  const exited = deferred<Exit>()
  let life: Life = { kind: 'opening' }
  let sessions = 0
  let restarts = 0
  let lastExit: Exit | undefined

  const notify = (notice: RawNotice) => {
    for (const watcher of [...watchers]) watcher(notice)
  }
  const enter = (next: Life, details: { readonly exit?: Exit; readonly restartInMs?: number } = {}) => {
    life = next
    notify({ kind: 'state', state: next.kind, ...details })
  }

  // ---- receiving --------------------------------------------------------------------------------------------------

  const received = (packet: Uint8Array | LinePart) => {
    counters.packetsReceived += 1
    if (queue.push(packet, packetBytes(packet))) return
    counters.packetsDropped += 1
    notify({ kind: 'packets_dropped', count: 1 })
  }
  const partialDropped = (detail: string) => {
    counters.partialsDropped += 1
    notify({ kind: 'partial_dropped', detail })
  }

  // ---- the life of the link ---------------------------------------------------------------------------------------

  const start = () => {
    enter({ kind: 'opening' })
    let session: RawSession | undefined
    let over: Exit | undefined
    const receiver = createRawReceiver({
      mode,
      maxPacketBytes: limits.maxPacketBytes,
      lossless: connector.lossless,
      clock,
      handlers: { packet: received, partial: partialDropped, broken: (detail) => end({ kind: 'protocol', detail }) },
    })
    const end = (exit: Exit) => {
      if (over) return
      over = exit
      receiver.end()
      if (session) sessionOver(exit, session)
    }
    const handlers = {
      data(bytes: Uint8Array) {
        if (over) return
        counters.bytesReceived += bytes.length
        receiver.push(bytes)
      },
      stderr: (text: string) => notify({ kind: 'console', text }),
      inputLost(detail: string) {
        if (session) session.isInputOpen = false
        notify({ kind: 'input_lost', detail })
      },
      ended: end,
    }
    const opened = (link: Link) => {
      if (life.kind !== 'opening') return void link.close() // the port was closed meanwhile
      const writes = createRawWrites(link, (bytes) => {
        counters.packetsSent += 1
        counters.bytesSent += bytes
      })
      session = { link, writes, isInputOpen: true }
      sessions += 1
      enter({ kind: 'running', session, sinceMs: clock.nowMs() })
      if (over) sessionOver(over, session)
    }
    const refused = (cause: unknown) => {
      if (life.kind === 'opening') sessionOver({ kind: 'failed', error: asPortwireError(cause) }, undefined)
    }
    connector.connect(handlers).then(opened, refused)
  }

  const sessionOver = (exit: Exit, session: RawSession | undefined) => {
    lastExit = exit
    const ranMs = life.kind === 'running' ? clock.nowMs() - life.sinceMs : 0
    session?.writes.end(() => notRunning(describeExit(exit)))
    if (life.kind === 'closed') return
    const decision = options.restart.next(exit, ranMs)
    if (decision.kind === 'stop') return finish(exit, session?.link)
    if (session) restarts += 1
    const state = decision.kind === 'failed' ? 'failed' : 'backoff'
    const cancel = startLater(decision.inMs, session?.link.close() ?? Promise.resolve())
    enter({ kind: state, cancel }, { exit, restartInMs: decision.inMs })
  }

  /** Starts again when the time has come or the peer is seen again, but not before the old link is released. */
  const startLater = (inMs: number, released: Promise<void>): (() => void) => {
    let isWanted = true
    const due = () => {
      stopWaiting()
      void released.then(() => {
        if (isWanted) start()
        isWanted = false
      })
    }
    const cancelTimer = clock.after(inMs, due)
    const cancelWatch = connector.onArrival?.(due) ?? (() => {})
    const stopWaiting = () => {
      cancelTimer()
      cancelWatch()
    }
    return () => {
      isWanted = false
      stopWaiting()
    }
  }

  const finish = (exit: Exit, link: Link | undefined) => {
    enter({ kind: 'closed', exit }, { exit })
    void (link?.close() ?? Promise.resolve()).then(() => {
      queue.end() // not before: a program's last output comes while it leaves
      exited.resolve(exit)
    })
  }

  // ---- what its user does -----------------------------------------------------------------------------------------

  const notRunning = (why: string) => new PortwireError('PORT_EXITED', `${name}: nothing was written: ${why}`)

  const writable = (): RawSession => {
    if (life.kind !== 'running') throw notRunning(life.kind === 'closed' ? describeExit(life.exit) : life.kind)
    if (!life.session.isInputOpen) throw notRunning('its input is closed')
    return life.session
  }

  const close = (): Promise<Exit> => {
    const exit: Exit = { kind: 'closed' }
    const was = life
    switch (was.kind) {
      case 'closed':
        break
      case 'opening':
        finish(exit, undefined)
        break
      case 'backoff':
      case 'failed':
        was.cancel()
        finish(exit, undefined)
        break
      case 'running':
        finish(exit, was.session.link)
        was.session.writes.end(() => notRunning('closed'))
    }
    return exited.promise
  }

  start()
  return {
    name,
    async write(bytes) {
      const { writes } = writable()
      const wire = encodeRaw(mode, bytes)
      if (writes.waiting >= limits.maxWaitingWrites) {
        throw new PortwireError('QUEUE_FULL', `${name}: ${writes.waiting} writes wait; the peer does not read`)
      }
      return writes.write(wire)
    },
    packets: () => queue.read() as AsyncIterableIterator<RawPacket<M>>,
    watch(listener) {
      watchers.add(listener)
      return () => void watchers.delete(listener)
    },
    async closeInput() {
      const session = writable()
      const { link, writes } = session
      if (!link.closeInput) {
        throw new PortwireError('ARGUMENT_INVALID', `closeInput: ${name} has no input that could be closed alone`)
      }
      session.isInputOpen = false
      await writes.idle()
      link.closeInput()
    },
    close,
    exited: exited.promise,
    info: () => ({
      name,
      link: connector.name,
      packet: mode,
      state: life.kind,
      session: sessions,
      restarts,
      ...(lastExit ? { lastExit } : {}),
      waitingPackets: queue.packets,
      waitingBytes: queue.bytes,
      waitingWrites: life.kind === 'running' ? life.session.writes.waiting : 0,
      counters: { ...counters },
    }),
    [Symbol.asyncDispose]: async () => void (await close()),
  }
}

function asPortwireError(cause: unknown): PortwireError {
  if (cause instanceof PortwireError) return cause
  const message = cause instanceof Error ? cause.message : String(cause)
  return new PortwireError('PORT_FAILED', message, { cause })
}

function checkedLimits(options: RawPortOptions): typeof RAW_DEFAULTS {
  const limit = (option: keyof typeof RAW_DEFAULTS): number => {
    const value = options[option] ?? RAW_DEFAULTS[option]
    if (Number.isInteger(value) && value >= 1) return value
    throw new PortwireError('ARGUMENT_INVALID', `${option}: ${value} is not a whole number from 1`)
  }
  return {
    maxPacketBytes: limit('maxPacketBytes'),
    maxWaitingPackets: limit('maxWaitingPackets'),
    maxWaitingBytes: limit('maxWaitingBytes'),
    maxWaitingWrites: limit('maxWaitingWrites'),
  }
}
