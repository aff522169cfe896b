/** A port whose packets are bytes in both directions: the life of a Port, and nothing of a protocol. */

import { systemClock } from '../../clock.js'
import { asPortwireError, PortwireError } from '../../errors.js'
import { describeExit, type Exit } from '../../exit.js'
import type { Connector } from '../../link/link.js'
import type { LinePart } from '../../wire/index.js'
import { PORT_DEFAULTS } from '../limits.js'
import type { RestartStrategy } from '../types.js'
import { pauseUntil, pulse } from './kill.js'
import { createLife, type Life } from './life.js'
import { checkPacketMode, encodeRaw, type PacketMode, type RawPacket } from './raw-decoder.js'
import { createPacketQueue } from './raw-queue.js'
import { createRawSession, type RawSession } from './raw-session.js'
import {
  RAW_DEFAULTS,
  type RawCounters,
  type RawNotice,
  type RawPort,
  type RawPortOptions,
  type RawPortState,
} from './raw-types.js'
import { createWatchers } from './watchers.js'

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
  const watchers = createWatchers<RawNotice>()
  const counters: RawCounters = {
    bytesReceived: 0,
    bytesSent: 0,
    packetsReceived: 0,
    packetsSent: 0,
    packetsDropped: 0,
    partialsDropped: 0,
  }
  const queue = createPacketQueue<Uint8Array | LinePart>(limits.maxWaitingPackets, limits.maxWaitingBytes, () =>
    life.session?.hasRoom(),
  )
  const notRunning = (why: string) => new PortwireError('PORT_EXITED', `${name}: nothing was written: ${why}`)

  const life: Life<RawSession> = createLife<RawSession, RawPortState>({
    name,
    connector,
    clock,
    restart: options.restart,
    openTimeoutMs: limits.readyTimeoutMs,
    signal: options.signal,
    beginsIn: 'running',
    begin: (link, over) =>
      createRawSession({
        link,
        mode,
        maxPacketBytes: limits.maxPacketBytes,
        lossless: connector.lossless,
        clock,
        queue,
        counters,
        notify: watchers.notify,
        notRunning,
        over,
      }),
    notify: watchers.notify,
    closed: queue.end, // not before: a program's last output comes while it leaves
  })

  const writable = (): RawSession => {
    const { state } = life
    if (state.kind !== 'running') throw notRunning(state.kind === 'closed' ? describeExit(state.exit) : state.kind)
    const { inputClosed } = state.session
    if (inputClosed !== undefined) throw notRunning(inputClosed)
    return state.session
  }

  const kill = async (): Promise<Exit> => {
    const now = life.session
    if (!now) throw new PortwireError('PORT_EXITED', `kill: nothing runs at ${name} (${life.state.kind})`)
    now.letGo()
    if (now.link.kill) void now.link.kill()
    // Nothing says that the board has started anew, so it is taken for done.
    else {
      const done = pulse(now.link, pauseUntil(clock, now.over))
      done.then(
        () => now.end({ kind: 'reset', cause: 'external' }),
        (cause) => now.end({ kind: 'failed', error: asPortwireError(cause) }),
      )
    }
    return now.over
  }

  life.start()
  return {
    name,
    async write(bytes, { whenBusy = 'wait' } = {}) {
      const { writes } = writable()
      const wire = encodeRaw(mode, bytes)
      if (writes.waiting >= limits.maxWaitingWrites) {
        throw new PortwireError('QUEUE_FULL', `${name}: ${writes.waiting} writes wait; the peer does not read`)
      }
      if (whenBusy === 'fail' && writes.isBusy) {
        throw new PortwireError('QUEUE_FULL', `${name} is busy; nothing was written`)
      }
      return writes.write(wire)
    },
    packets: () => queue.read() as AsyncIterableIterator<RawPacket<M>>,
    watch: watchers.watch,
    async closeInput() {
      const { link, writes, closeInput } = writable()
      if (!link.closeInput) {
        throw new PortwireError('ARGUMENT_INVALID', `closeInput: ${name} has no input that could be closed alone`)
      }
      closeInput('its input is closed')
      await writes.idle()
      link.closeInput()
    },
    kill,
    ready: life.ready,
    close: life.close,
    exited: life.exited,
    info: () => ({
      ...life.info(),
      packet: mode,
      state: life.state.kind as RawPortState,
      watchers: watchers.count,
      waitingPackets: queue.packets,
      waitingBytes: queue.bytes,
      waitingWrites: life.session?.writes.waiting ?? 0,
      counters: { ...counters },
    }),
    [Symbol.asyncDispose]: async () => void (await life.close()),
  }
}

type Limits = typeof RAW_DEFAULTS & { readonly readyTimeoutMs: number }

function checkedLimits(options: RawPortOptions): Limits {
  const limit = (option: keyof Limits, byDefault: number): number => {
    const value = options[option] ?? byDefault
    if (Number.isInteger(value) && value >= 1) return value
    throw new PortwireError('ARGUMENT_INVALID', `${option}: ${value} is not a whole number from 1`)
  }
  return {
    maxPacketBytes: limit('maxPacketBytes', RAW_DEFAULTS.maxPacketBytes),
    maxWaitingPackets: limit('maxWaitingPackets', RAW_DEFAULTS.maxWaitingPackets),
    maxWaitingBytes: limit('maxWaitingBytes', RAW_DEFAULTS.maxWaitingBytes),
    maxWaitingWrites: limit('maxWaitingWrites', RAW_DEFAULTS.maxWaitingWrites),
    readyTimeoutMs: limit('readyTimeoutMs', PORT_DEFAULTS.readyTimeoutMs),
  }
}
