/** One direction of a line in virtual time: bytes take their time on the wire, wait where the line is frozen, and come as
 * the noise has left them. */

import type { CancelTimer, Clock } from '../../clock.js'
import type { Noise } from './noise.js'
import { BITS_PER_BYTE } from './receiver.js'

export interface ChannelOptions {
  readonly clock: Clock
  /** Bits per second on the wire, ten a byte. Default 115,200. */
  readonly baudRate?: number
  /** From the end of a byte on the wire to its delivery: a USB converter's latency timer, a gateway. Default 0. */
  readonly latencyMs?: number
  readonly noise?: Noise
  /** `runs`: what was sent together is delivered together, when its last byte is through. `bytes`: each byte by itself.
   * Default `runs`. */
  readonly pieces?: 'runs' | 'bytes'
  /** @param baudRate  the rate at which they were sent */
  readonly deliver: (bytes: Uint8Array, baudRate: number) => void
}

export interface Channel {
  /** Puts bytes on the wire, behind those that are on it. */
  send(bytes: Uint8Array): void
  /** Of what is sent from now on. */
  setBaudRate(baudRate: number): void
  /** Nothing is delivered until `thaw()`; nothing is lost. */
  freeze(): void
  thaw(): void
  /** Frozen for so long. */
  stall(ms: number): void
  /** Forgets what is on its way: the cable is pulled, the sender has lost its power. */
  cut(): void
  /** Bytes sent and not delivered. */
  readonly queuedBytes: number
  /** When the last of them will be through, by the clock. */
  readonly idleAtMs: number
}

export function createChannel(options: ChannelOptions): Channel {
  const { clock, noise, pieces = 'runs', latencyMs = 0 } = options
  let baudRate = options.baudRate ?? 115_200
  const waiting: { readonly bytes: Uint8Array; readonly sentBaudRate: number }[] = []
  /** On the wire, in order. */
  const flying: { readonly cancel: CancelTimer; land(): void }[] = []
  let idleAtMs = 0
  let isFrozen = false
  let queuedBytes = 0

  const arrived = (bytes: Uint8Array, sentBytes: number, sentBaudRate: number) => {
    queuedBytes -= sentBytes
    if (bytes.length === 0) return
    if (isFrozen) {
      waiting.push({ bytes, sentBaudRate })
      queuedBytes += bytes.length
    } else options.deliver(bytes, sentBaudRate)
  }
  /** A run that is on the wire from `startMs` on. */
  const fly = (bytes: Uint8Array, sentBytes: number, throughMs: number) => {
    queuedBytes += sentBytes
    const sentBaudRate = baudRate
    const run = {
      cancel: clock.after(throughMs + latencyMs - clock.nowMs(), () => landUpTo(run)),
      land: () => arrived(bytes, sentBytes, sentBaudRate),
    }
    flying.push(run)
  }
  /** A wire does not reorder, though timers of the system, which are cut to whole milliseconds, may. */
  const landUpTo = (last: (typeof flying)[number]) => {
    for (let run = flying.shift(); run; run = run === last ? undefined : flying.shift()) {
      run.cancel()
      run.land()
    }
  }
  const channel: Channel = {
    send(bytes) {
      if (bytes.length === 0) return
      const startMs = Math.max(clock.nowMs(), idleAtMs)
      idleAtMs = startMs + (bytes.length * BITS_PER_BYTE * 1_000) / baudRate
      const heard = noise?.pass(bytes) ?? bytes
      if (pieces === 'runs') return fly(heard.slice(), bytes.length, idleAtMs)
      const lasting = idleAtMs - startMs
      for (const [index, byte] of heard.entries()) {
        fly(Uint8Array.of(byte), 1, startMs + (lasting * (index + 1)) / heard.length)
      }
    },
    setBaudRate(next) {
      baudRate = next
    },
    freeze() {
      isFrozen = true
    },
    thaw() {
      isFrozen = false
      // What is delivered may freeze it again.
      while (!isFrozen && waiting.length > 0) {
        const { bytes, sentBaudRate } = waiting.shift()!
        queuedBytes -= bytes.length
        options.deliver(bytes, sentBaudRate)
      }
    },
    stall(ms) {
      channel.freeze()
      clock.after(ms, channel.thaw)
    },
    cut() {
      for (const { cancel } of flying) cancel()
      flying.length = 0
      waiting.length = 0
      queuedBytes = 0
      idleAtMs = clock.nowMs()
    },
    get queuedBytes() {
      return queuedBytes
    },
    get idleAtMs() {
      return idleAtMs
    },
  }
  return channel
}
