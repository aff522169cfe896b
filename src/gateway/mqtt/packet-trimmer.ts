/** Cuts MQTT messages that are too long as their bytes pass, before anything is collected. What is left is a whole packet, longer
 * than any command may be: it is acknowledged and refused like every other, where closing the connection would have the broker
 * send it again for ever. */

import { createFixedHeader, NOT_MQTT } from './fixed-header.js'

export type Trimmed =
  | { readonly ok: true; readonly bytes: Uint8Array }
  /** The stream is no MQTT any more, or a packet that cannot be cut is too long. */
  | { readonly ok: false; readonly problem: string }

/** MQTT 3.1.1, section 2.2.1. */
const PUBLISH = 3

/** @param maxBytes  of a packet without its fixed header; more than 64 KiB, so that topic and packet id are never cut off
 * @returns a function that takes the next bytes and returns those to be read */
export function createPacketTrimmer(maxBytes: number): (chunk: Uint8Array) => Trimmed {
  const header = createFixedHeader()
  /** Bytes of the body still to come: those to be kept, and behind them those to be left out. */
  let keep = 0
  let skip = 0

  return (chunk) => {
    const parts: Uint8Array[] = []
    let at = 0
    while (at < chunk.length) {
      if (keep > 0) {
        const here = Math.min(keep, chunk.length - at)
        parts.push(chunk.subarray(at, at + here))
        at += here
        keep -= here
      } else if (skip > 0) {
        const here = Math.min(skip, chunk.length - at)
        at += here
        skip -= here
      } else {
        const read = header.push(chunk[at]!)
        at += 1
        if (read === 'broken') return { ok: false, problem: NOT_MQTT }
        if (read === 'more') continue
        const { first, type, length } = header
        if (length > maxBytes && type !== PUBLISH) {
          return { ok: false, problem: `a packet of ${length} bytes, at most ${maxBytes} are taken` }
        }
        keep = Math.min(length, maxBytes)
        skip = length - keep
        parts.push(fixedHeader(first, keep))
      }
    }
    return { ok: true, bytes: parts.length === 1 ? parts[0]! : Buffer.concat(parts) }
  }
}

function fixedHeader(first: number, length: number): Uint8Array {
  const bytes = [first]
  for (let rest = length; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Uint8Array.of(...bytes, rest)
    bytes.push((rest % 128) | 0x80)
  }
}
