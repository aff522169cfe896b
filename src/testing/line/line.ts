/** A UART line without a tty, in virtual time: what a port is opened on, a channel each way, and a board at the other end. */

import { type Clock, type Random, systemClock } from '../../clock.js'
import { deferred } from '../../deferred.js'
import { PortwireError } from '../../errors.js'
import type { ResetCause } from '../../exit.js'
import type { Connector, Link, LinkHandlers } from '../../link/index.js'
import { type Channel, createChannel } from './channel.js'
import { hearAt } from './mismatch.js'
import { createNoise, type Noise, type NoiseOptions } from './noise.js'

/** What is at the device's end: a chip that is emulated, mocked, or compiled for this process. */
export interface LineBoard {
  /** It gets power; `send` puts bytes onto the line, and `setBaudRate` changes its rate once what was sent has left, without a
   * pause in between. A board that never does so speaks at the host's rate. */
  powerOn(send: (bytes: Uint8Array) => void, setBaudRate?: (baudRate: number) => void): void
  powerOff(): void
  reset(cause: ResetCause): void
  /** Bytes that came over the line. Not called without power. */
  receive(bytes: Uint8Array): void
}

export interface LineOptions {
  readonly board: LineBoard
  /** What a person calls it. Default `/dev/line0`. */
  readonly name?: string
  readonly clock?: Clock
  readonly random?: Random
  readonly baudRate?: number
  readonly latencyMs?: number
  readonly pieces?: 'runs' | 'bytes'
  /** How it fails, each way. Default: not at all. */
  readonly toDevice?: NoiseOptions
  readonly toHost?: NoiseOptions
  /** What is put on the wire in place of what is written, run by run: for faults that only a box in the middle has (a converter
   * that drops a buffer, a radio that swaps two). Default: the run itself. */
  readonly middle?: (run: Uint8Array, direction: 'to_device' | 'to_host') => readonly Uint8Array[]
  /** Opening the port resets the board, as DTR does on an Uno. Default false. */
  readonly resetOnOpen?: boolean
}

export interface Line {
  /** `open(contract, { link: line.connector, clock })` */
  readonly connector: Connector
  readonly toDevice: Channel & { readonly noise: Noise }
  readonly toHost: Channel & { readonly noise: Noise }
  /** The cable is pulled: what was on the line is gone, and the board has no power unless it has its own.
   * @param power  what the board has meanwhile. Default `off` */
  unplug(power?: 'off' | 'own'): void
  plug(): void
  /** The host lets go of its end without a word, as a process does that was killed; it may be opened again at once. */
  hangUp(): void
}

/** A tty that holds more than this makes its writer wait, as the kernel's buffer of 4 KiB does. */
const HIGH_WATER_BYTES = 4_096
const DEFAULT_NAME = '/dev/line0'

export function createLine(options: LineOptions): Line {
  const { board, name = DEFAULT_NAME } = options
  const clock = options.clock ?? systemClock
  const random = options.random ?? Math.random
  const baudRate = options.baudRate ?? 115_200
  const arrivals = new Set<() => void>()
  let cancelRate = () => {}
  let isPlugged = false
  let isPowered = false
  /** Of the two UARTs; a board without one of its own has the host's. */
  let hostBaudRate = baudRate
  let boardBaudRate: number | undefined
  let host: { readonly handlers: LinkHandlers; end(kind: 'closed' | 'unplugged'): void } | undefined

  const direction = (
    noiseOptions: NoiseOptions | undefined,
    deliver: (bytes: Uint8Array, baudRate: number) => void,
  ) => {
    const noise = createNoise(noiseOptions ?? {}, random)
    const { latencyMs, pieces } = options
    const channel = createChannel({
      clock,
      baudRate,
      noise,
      deliver,
      ...(latencyMs === undefined ? {} : { latencyMs }),
      ...(pieces === undefined ? {} : { pieces }),
    })
    return Object.assign(channel, { noise })
  }
  const toDevice = direction(options.toDevice, (bytes, sentAt) => {
    const heard = hearAt(bytes, sentAt, boardBaudRate ?? hostBaudRate)
    if (isPlugged && heard.length > 0) board.receive(heard)
  })
  const toHost = direction(options.toHost, (bytes, sentAt) => {
    const heard = hearAt(bytes, sentAt, hostBaudRate)
    if (heard.length > 0) host?.handlers.data(heard)
  })

  const put = (channel: Channel, direction: 'to_device' | 'to_host', run: Uint8Array) => {
    if (!isPlugged) return // a board with its own power speaks to nobody
    for (const bytes of options.middle?.(run, direction) ?? [run]) channel.send(bytes)
  }
  const powerOn = () => {
    isPowered = true
    board.powerOn(
      (bytes) => put(toHost, 'to_host', bytes),
      (rate) => {
        // What is on the wire leaves at the old rate first, and until then the board listens at that rate too.
        cancelRate()
        const apply = () => {
          boardBaudRate = rate
          toHost.setBaudRate(rate)
        }
        const waitMs = toHost.idleAtMs - clock.nowMs()
        if (waitMs <= 0) apply()
        else cancelRate = clock.after(waitMs, apply)
      },
    )
  }

  const connect = (handlers: LinkHandlers): Link => {
    if (!isPlugged) throw new PortwireError('PORT_NOT_FOUND', `${name} is not there: its cable is pulled`)
    if (host) throw new PortwireError('PORT_BUSY', `${name} is open already`)
    const over = deferred<void>()
    const mine = {
      handlers,
      end(kind: 'closed' | 'unplugged') {
        if (host !== mine) return
        host = undefined
        handlers.ended(kind === 'closed' ? { kind } : { kind, detail: 'the cable was pulled' })
        over.resolve()
      },
    }
    host = mine
    hostBaudRate = baudRate
    toDevice.setBaudRate(baudRate)
    if (boardBaudRate === undefined) toHost.setBaudRate(baudRate)
    let isDtr = true
    if (options.resetOnOpen) board.reset('external')
    return {
      write(bytes) {
        if (host === mine) put(toDevice, 'to_device', bytes)
        return toDevice.queuedBytes <= HIGH_WATER_BYTES
      },
      drained: () =>
        new Promise((resolve) => {
          const look = () => {
            if (host !== mine || toDevice.queuedBytes <= HIGH_WATER_BYTES) resolve()
            else clock.after(toDevice.idleAtMs - clock.nowMs(), look)
          }
          look()
        }),
      async control({ dtr }) {
        if (dtr === undefined) return
        if (dtr && !isDtr && isPlugged) board.reset('external')
        isDtr = dtr
      },
      setBaudRate: (rate) =>
        new Promise((resolve) => {
          clock.after(Math.max(0, toDevice.idleAtMs - clock.nowMs()), () => {
            if (host === mine) {
              hostBaudRate = rate
              toDevice.setBaudRate(rate)
            }
            resolve()
          })
        }),
      info: () => ({ baudRate: hostBaudRate }),
      close() {
        mine.end('closed')
        over.resolve() // also of a host that was let go
        return over.promise
      },
    }
  }

  isPlugged = true
  powerOn()
  return {
    connector: {
      name,
      lossless: false,
      baudRate,
      connect: async (handlers) => connect(handlers),
      onArrival(arrived) {
        arrivals.add(arrived)
        return () => void arrivals.delete(arrived)
      },
    },
    toDevice,
    toHost,
    unplug(power = 'off') {
      if (!isPlugged) return
      isPlugged = false
      if (power === 'off') {
        isPowered = false
        board.powerOff()
      }
      toDevice.cut()
      toHost.cut()
      host?.end('unplugged')
    },
    plug() {
      if (isPlugged) return
      isPlugged = true
      if (!isPowered) powerOn()
      for (const arrived of [...arrivals]) arrived()
    },
    hangUp() {
      host = undefined
    },
  }
}
