/** A line that fails on purpose: what it makes of the bytes that are sent over it. Same seed, same damage. */

import type { Random } from '../../clock.js'
import type { LineByte, LineFault } from '../avr/bridge.js'
import { type BitErrorOptions, bitsBefore, createBitErrors, rate } from './bit-errors.js'
import { BITS_PER_BYTE, hear } from './receiver.js'

/** Everything defaults to a line that does no harm. The order of bytes never changes: a wire cannot reorder. */
export interface NoiseOptions extends BitErrorOptions {
  /** Probability that a byte is lost, as in a ring that overruns. */
  readonly lossRate?: number
  /** Probability that a byte comes twice, as from a converter that hands its buffer over again. */
  readonly doubleRate?: number
  /** Probability that a byte that nobody sent comes before one. */
  readonly insertRate?: number
}

export interface NoiseCounters {
  bytesSent: number
  /** Runs of bytes that were not delivered as they were. */
  runsDamaged: number
  bitsInverted: number
  framingErrors: number
  bytesLost: number
  bytesDoubled: number
  bytesInserted: number
}

export interface Noise {
  /** A run of bytes sent back to back, as the receiver hears it. A run that is not hit is returned itself. */
  pass(bytes: Uint8Array): Uint8Array
  /** The same for the line of an emulated board, byte by byte: `board.bridge.setFault('to_device', noise.lineFault)`.
   * Towards the host, where the emulation has no levels, a byte whose start or stop bit is hit is lost. */
  readonly lineFault: LineFault
  /** From now on the line does no harm. */
  silence(): void
  readonly counters: NoiseCounters
}

/** @throws ARGUMENT_INVALID  a rate that is not from 0 to 1 */
export function createNoise(options: NoiseOptions, random: Random): Noise {
  const errors = createBitErrors(options, random)
  const lossRate = rate('lossRate', options.lossRate ?? 0)
  const doubleRate = rate('doubleRate', options.doubleRate ?? 0)
  const insertRate = rate('insertRate', options.insertRate ?? 0)
  const happens = (p: number) => {
    let spared = bitsBefore(p, random)
    return () => {
      if (spared-- > 0) return false
      spared = bitsBefore(p, random)
      return true
    }
  }
  const isLost = happens(lossRate)
  const isDoubled = happens(doubleRate)
  const isPreceded = happens(insertRate)
  const harmsBytes = lossRate + doubleRate + insertRate > 0
  let isSilent = false
  const counters: NoiseCounters = {
    bytesSent: 0,
    runsDamaged: 0,
    bitsInverted: 0,
    framingErrors: 0,
    bytesLost: 0,
    bytesDoubled: 0,
    bytesInserted: 0,
  }

  /** The bytes that go onto the wire in place of one. */
  const replace = (byte: number, out: number[]) => {
    if (isPreceded()) {
      out.push(Math.floor(random() * 256))
      counters.bytesInserted += 1
    }
    if (isLost()) {
      counters.bytesLost += 1
      return
    }
    out.push(byte)
    if (isDoubled()) {
      out.push(byte)
      counters.bytesDoubled += 1
    }
  }

  return {
    pass(bytes) {
      counters.bytesSent += bytes.length
      if (isSilent) return bytes
      let run = bytes
      if (harmsBytes) {
        const out: number[] = []
        for (const byte of bytes) replace(byte, out)
        if (out.length !== bytes.length || out.some((byte, index) => byte !== bytes[index])) run = Uint8Array.from(out)
      }
      const hits = errors.next(run.length * BITS_PER_BYTE)
      if (hits.length > 0) {
        counters.bitsInverted += hits.length
        const heard = hear(run, hits)
        counters.framingErrors += heard.framingErrors
        run = heard.bytes
      }
      if (run !== bytes) counters.runsDamaged += 1
      return run
    },
    lineFault(byte) {
      counters.bytesSent += 1
      if (isSilent) return [{ byte }]
      const out: number[] = []
      replace(byte, out)
      return out.map((sent): LineByte => {
        const hits = errors.next(BITS_PER_BYTE)
        if (hits.length === 0) return { byte: sent }
        counters.bitsInverted += hits.length
        return { byte: sent, invert: hits.reduce((levels, bit) => levels | (1 << bit), 0) }
      })
    },
    silence() {
      isSilent = true
    },
    counters,
  }
}
