/** Bare packets out of the bytes of a link, for every protocol that uses them. On a pipe half a packet is waited for; on a
 * UART silence in the middle of one means that its rest was lost. */

import type { CancelTimer, Clock } from '../../clock.js'
import { createPacketDecoder, type PrefixBytes } from '../../wire/index.js'
import { MAX_SAMPLE_BYTES } from '../limits.js'

/** Silence on a UART after which half a packet is dropped. Far above the pauses that a USB adapter makes (16 ms). */
export const PACKET_IDLE_MS = 50
/** The silence is counted in so many steps. */
const IDLE_STEPS = 5

/** What a 4-byte prefix may announce, unless an option says otherwise. Memory is taken only as the bytes come. */
export const MAX_LARGE_CONTENT_BYTES = 16 * 1024 * 1024

export interface PacketReceiver {
  push(bytes: Uint8Array): void
  /** What is held of a packet that is not whole, in words. */
  half(): string | undefined
  close(): void
}

export interface PacketReceiverOptions {
  readonly prefixBytes: PrefixBytes
  readonly maxContentBytes: number
  readonly lossless: boolean
  readonly clock: Clock
  readonly handlers: {
    content(bytes: Uint8Array): void
    /** The stream can no longer be read: a bare prefix never recovers. */
    broken(detail: string): void
    /** Half a packet was dropped after a silence; the next byte begins a packet. */
    cut(detail: string): void
  }
}

export function createPacketReceiver(options: PacketReceiverOptions): PacketReceiver {
  const { handlers, maxContentBytes, lossless, clock } = options
  const decoder = createPacketDecoder(options)
  let cancelIdle: CancelTimer = () => {}
  let closed = false
  /** The first bytes of the stream, until a packet proves that it is one. */
  let sampled: number[] | undefined = []

  const sample = (bytes: Uint8Array) => {
    for (let at = 0; sampled && at < bytes.length && sampled.length < MAX_SAMPLE_BYTES; at++) sampled.push(bytes[at]!)
  }
  const withSample = (detail: string) =>
    sampled ? `${detail}; the first bytes that came: ${showBytes(Uint8Array.from(sampled))}` : detail

  const half = () => {
    if (!decoder.inPacket) return undefined
    const whole = decoder.declaredBytes === undefined ? '' : ` of ${options.prefixBytes + decoder.declaredBytes}`
    return withSample(`${decoder.heldBytes}${whole} bytes of a packet`)
  }

  const drop = () => {
    const detail = half()
    decoder.reset()
    if (detail) handlers.cut(detail)
  }

  /** In steps, of which one that comes late does not count: a host that was busy has heard nothing, and what came meanwhile
   * waits to be read after this timer. */
  const waitForSilence = (steps: number) => {
    const stepMs = PACKET_IDLE_MS / IDLE_STEPS
    const dueMs = clock.nowMs() + stepMs
    cancelIdle = clock.after(stepMs, () => {
      const left = clock.nowMs() - dueMs > stepMs / 2 ? steps : steps - 1
      if (left === 0) drop()
      else waitForSilence(left)
    })
  }

  return {
    push(bytes) {
      cancelIdle()
      sample(bytes)
      for (const event of decoder.push(bytes)) {
        if (closed) return
        if (event.kind === 'content') {
          sampled = undefined
          handlers.content(event.bytes)
        } else {
          const announced = `a packet of ${event.declaredBytes} bytes was announced; at most ${maxContentBytes} are taken`
          handlers.broken(withSample(announced))
        }
      }
      if (!closed && !lossless && decoder.inPacket) waitForSilence(IDLE_STEPS)
    },
    half,
    close() {
      closed = true
      cancelIdle()
    },
  }
}

/** Bytes for a person: hexadecimal, and what of it can be printed. */
export function showBytes(bytes: Uint8Array): string {
  const shown = [...bytes.subarray(0, MAX_SAMPLE_BYTES)]
  const hex = shown.map((byte) => byte.toString(16).padStart(2, '0')).join(' ')
  const text = shown.map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.')).join('')
  const more = bytes.length > shown.length ? ` and ${bytes.length - shown.length} more` : ''
  return `${hex}${more} "${text}"`
}
