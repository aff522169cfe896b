/** A frame: a 2-byte packet made safe for a noisy line, `0x00 | COBS( len16 BE | content | crc16 LE ) | 0x00`. */

import { cobsBytes, cobsEncodeInto } from './cobs.js'
import { characterBytes, mayBeText } from './console-text.js'
import { CRC16_RESIDUE, CRC16_TABLE, crc16 } from './crc16.js'

const DELIMITER = 0x00
const LINE_FEED = 0x0a
const LENGTH_BYTES = 2
const CRC_BYTES = 2
/** Action and token. */
const MIN_CONTENT_BYTES = 2
/** The most that the length field can say. */
export const MAX_CONTENT_BYTES = 0xffff
/** A line of console text is handed out at this length at the latest: one that never ends must not fill memory. */
const MAX_CONSOLE_BYTES = 1024
const MAX_CHARACTER_BYTES = 4

/** A byte order mark is a character like others here. */
const textDecoder = new TextDecoder('utf-8', { ignoreBOM: true })

/** Why a frame was dropped: its COBS chain did not end at the delimiter; its length field differed from what came; its CRC
 * was wrong; it was longer than allowed; its content was shorter than action and token. */
export type DropReason = 'cobs' | 'length' | 'crc' | 'oversize' | 'short'

export type FrameEvent =
  /** A good frame. The bytes are the deframer's own and valid until the next `push`. */
  | { readonly kind: 'content'; readonly bytes: Uint8Array }
  /** Text that was no frame, with its line end, a line an event; a line longer than 1,024 bytes comes in pieces. */
  | { readonly kind: 'console'; readonly text: string }
  /** So many bytes were neither. Of an oversize run only the bytes until then. */
  | { readonly kind: 'drop'; readonly reason: DropReason; readonly bytes: number }

export interface Deframer {
  /** Takes any number of bytes, even one; returns what they completed. */
  push(chunk: Uint8Array): FrameEvent[]
  /** The line has been silent for 50 ms: text that waits for its line end is handed out. Half a frame is kept, for the
   * silence may have been this computer's own, but text after it is seen as text again. */
  idle(): FrameEvent[]
  /** True while bytes have come since the last delimiter: the link then runs its idle timer. */
  readonly inRun: boolean
  /** Forgets all bytes held, without an event. */
  reset(): void
}

/** Longest wire form, both delimiters included, of a frame with so much content. */
export function frameBytes(contentBytes: number): number {
  return cobsBytes(LENGTH_BYTES + contentBytes + CRC_BYTES) + 2
}

/** Puts content into a frame, both delimiters included.
 * @throws RangeError  more than 65,535 bytes */
export function encodeFrame(content: Uint8Array): Uint8Array {
  if (content.length > MAX_CONTENT_BYTES) throw new RangeError(`${content.length} bytes do not fit a frame`)
  const packet = new Uint8Array(LENGTH_BYTES + content.length + CRC_BYTES)
  packet[0] = content.length >>> 8
  packet[1] = content.length & 0xff
  packet.set(content, LENGTH_BYTES)
  const crcAt = LENGTH_BYTES + content.length
  const crc = crc16(packet.subarray(0, crcAt))
  packet[crcAt] = crc & 0xff
  packet[crcAt + 1] = crc >>> 8
  // A fresh array is zero, so both delimiters are there already.
  const wire = new Uint8Array(frameBytes(content.length))
  const end = cobsEncodeInto(packet, wire, 1)
  return wire.subarray(0, end + 1)
}

/** Finds frames and console text in a stream of bytes. Memory: the longest frame allowed, once encoded, and once decoded
 * together with the longest chunk that was pushed.
 * @param maxContentBytes  longer content is dropped as oversize; at most 65,535 */
export function createDeframer(options: { readonly maxContentBytes: number }): Deframer {
  const maxContentBytes = Math.min(options.maxContentBytes, MAX_CONTENT_BYTES)
  const maxPacketBytes = LENGTH_BYTES + maxContentBytes + CRC_BYTES
  // One more than an encoder needs: some write an empty group after a full last one.
  const maxRunBytes = maxPacketBytes + Math.floor(maxPacketBytes / 254) + 1
  const maxHeldBytes = Math.max(maxRunBytes, MAX_CONSOLE_BYTES + MAX_CHARACTER_BYTES)

  /** The run: bytes since the last delimiter. When it is too long to be a frame, only text that waits to be handed out. */
  let held = new Uint8Array(Math.min(maxHeldBytes, 256))
  let heldBytes = 0
  let tooLong = false
  let oversizeReported = false
  /** Everything since the start of the run, or since the last silence after something that was no text, is text so far. */
  let isText = true
  /** Up to here it was handed out as text, or counted in `strayBytes`. */
  let handedTo = 0
  /** Up to here it was looked at and is whole characters of text. */
  let textTo = 0
  /** Bytes that were no text, before the last silence. */
  let strayBytes = 0

  /** Where frames are decoded to, one after the other within one push. */
  let decoded = new Uint8Array(0)
  let decodedTo = 0

  let events: FrameEvent[] = []

  /** Decodes a run into `decoded` and adds the content to the events, or says why it is no good frame. Decoding and CRC
   * share one pass, for this loop is the receive path's whole cost. */
  function readFrame(run: Uint8Array, from: number, to: number): DropReason | undefined {
    let end = decodedTo
    let crc = 0xffff
    let at = from
    for (;;) {
      const code = run[at++]!
      const groupEnd = at + code - 1
      if (groupEnd > to) return 'cobs'
      while (at < groupEnd) {
        const byte = run[at++]!
        decoded[end++] = byte
        crc = CRC16_TABLE[(crc ^ byte) & 0xff]! ^ (crc >>> 8)
      }
      if (at === to) break
      if (code !== 0xff) {
        decoded[end++] = 0
        crc = CRC16_TABLE[crc & 0xff]! ^ (crc >>> 8)
      }
    }
    const contentBytes = end - decodedTo - LENGTH_BYTES - CRC_BYTES
    if (contentBytes > maxContentBytes) return 'oversize'
    if (contentBytes < 0) return 'length'
    if (((decoded[decodedTo]! << 8) | decoded[decodedTo + 1]!) !== contentBytes) return 'length'
    // Over the content and its own CRC the value is always the same.
    if (crc !== CRC16_RESIDUE) return 'crc'
    if (contentBytes < MIN_CONTENT_BYTES) return 'short'
    events.push({ kind: 'content', bytes: decoded.subarray(decodedTo + LENGTH_BYTES, end - CRC_BYTES) })
    decodedTo = end
    return undefined
  }

  /** Adds bytes without a delimiter to the run. */
  function hold(chunk: Uint8Array, from: number, to: number): void {
    let at = from
    while (at < to) {
      if (tooLong && !isText) return
      const room = (tooLong ? maxHeldBytes : maxRunBytes) - heldBytes
      if (room === 0) {
        tooLong = true
        if (isText) compact()
        else giveUp(heldBytes - handedTo + 1)
        continue
      }
      const count = Math.min(room, to - at)
      append(chunk, at, at + count)
      at += count
      if (isText) judgeText()
      if (tooLong) {
        if (isText) compact()
        else giveUp(textTo - handedTo + 1)
      }
    }
  }

  function append(chunk: Uint8Array, from: number, to: number): void {
    const needed = heldBytes + to - from
    if (needed > held.length) {
      const larger = new Uint8Array(Math.min(maxHeldBytes, Math.max(needed, held.length * 2)))
      larger.set(held.subarray(0, heldBytes))
      held = larger
    }
    if (to - from < 48) for (let at = from; at < to; at++) held[heldBytes++] = chunk[at]!
    else {
      held.set(chunk.subarray(from, to), heldBytes)
      heldBytes = needed
    }
  }

  /** Looks at new bytes of a run that is text so far, and hands it out by lines. What was handed out stays in the run: a
   * long frame may begin with bytes that are text, and must not be lost by it. */
  function judgeText(): void {
    while (textTo < heldBytes) {
      const width = characterBytes(held, textTo, heldBytes)
      if (width === 0) return
      if (width < 0) {
        isText = false
        return
      }
      textTo += width
      const lineEnds = held[textTo - 1] === LINE_FEED
      if (lineEnds || textTo - handedTo > MAX_CONSOLE_BYTES - MAX_CHARACTER_BYTES) handOut()
    }
  }

  function handOut(): void {
    events.push({ kind: 'console', text: textDecoder.decode(held.subarray(handedTo, textTo)) })
    handedTo = textTo
  }

  /** Keeps of a run that is too long only the text that waits. */
  function compact(): void {
    held.copyWithin(0, handedTo, heldBytes)
    heldBytes -= handedTo
    textTo -= handedTo
    handedTo = 0
  }

  /** A run that is too long and no text: said at once, since its end may never come. */
  function giveUp(badBytes: number): void {
    if (!oversizeReported) events.push({ kind: 'drop', reason: 'oversize', bytes: strayBytes + badBytes })
    oversizeReported = true
    strayBytes = 0
    heldBytes = 0
    handedTo = 0
    textTo = 0
  }

  /** A delimiter ends the run that is held. */
  function endRun(): void {
    const reason = tooLong ? 'oversize' : readFrame(held, 0, heldBytes)
    if (reason !== undefined) {
      const endsAsText = isText && textTo === heldBytes
      if (!endsAsText) strayBytes += heldBytes - handedTo
      if (strayBytes > 0 && !oversizeReported) events.push({ kind: 'drop', reason, bytes: strayBytes })
      if (endsAsText && textTo > handedTo) handOut()
    }
    startRun()
  }

  function startRun(): void {
    heldBytes = 0
    tooLong = false
    oversizeReported = false
    isText = true
    handedTo = 0
    textTo = 0
    strayBytes = 0
  }

  function takeEvents(): FrameEvent[] {
    const taken = events
    events = []
    return taken
  }

  return {
    push(chunk) {
      const room = heldBytes + chunk.length
      if (decoded.length < room) decoded = new Uint8Array(Math.max(room, Math.min(2 * decoded.length, maxRunBytes)))
      decodedTo = 0
      let from = 0
      for (let at = 0; at < chunk.length; at++) {
        if (chunk[at] !== DELIMITER) continue
        if (heldBytes > 0 || tooLong) {
          hold(chunk, from, at)
          endRun()
        } else if (at > from) {
          // The run lies whole in this chunk: unless it may be text, it is read where it is.
          if (at - from > maxRunBytes || mayBeText(chunk, from, at)) {
            hold(chunk, from, at)
            endRun()
          } else {
            const reason = readFrame(chunk, from, at)
            if (reason !== undefined) events.push({ kind: 'drop', reason, bytes: at - from })
          }
        }
        from = at + 1
      }
      hold(chunk, from, chunk.length)
      return takeEvents()
    },

    idle() {
      if (isText) {
        if (textTo > handedTo) handOut()
      } else {
        strayBytes += heldBytes - handedTo
        isText = true
        handedTo = heldBytes
        textTo = heldBytes
      }
      return takeEvents()
    },

    get inRun() {
      return heldBytes > 0 || tooLong
    },

    reset() {
      startRun()
      decodedTo = 0
    },
  }
}
