/** Lines, as Erlang's `{line, L}` gives them: a line that is longer comes in parts of L bytes, of which only the last says
 * that the line is over. Its parts and their ends are those of OTP 25, byte for byte. */

/** Without its line end, which is LF or CR LF. */
export interface LinePart {
  readonly bytes: Uint8Array
  /** False: the line goes on in the next part, or the stream ended without a line end. */
  readonly eol: boolean
}

export interface LineDecoder {
  /** Takes any number of bytes, even one; returns what they completed. The parts are copies. */
  push(chunk: Uint8Array): LinePart[]
  /** The stream is over: what is held comes without a line end. */
  end(): LinePart[]
}

const LF = 0x0a
const CR = 0x0d
const FIRST_HELD_BYTES = 256

/** @param maxLineBytes L, from 1 */
export function createLineDecoder(maxLineBytes: number): LineDecoder {
  // One byte more than a part: whether a CR behind a full part is the line's end is known only with the next byte.
  let held = new Uint8Array(Math.min(maxLineBytes + 1, FIRST_HELD_BYTES))
  let heldBytes = 0

  const hold = (byte: number) => {
    if (heldBytes === held.length) {
      const larger = new Uint8Array(Math.min(maxLineBytes + 1, held.length * 2))
      larger.set(held)
      held = larger
    }
    held[heldBytes++] = byte
  }

  const take = (bytes: number, eol: boolean): LinePart => {
    const part = { bytes: held.slice(0, bytes), eol }
    held.copyWithin(0, bytes, heldBytes)
    heldBytes -= bytes
    return part
  }

  const takeLine = (): LinePart => {
    const line = take(heldBytes > 0 && held[heldBytes - 1] === CR ? heldBytes - 1 : heldBytes, true)
    heldBytes = 0
    return line
  }

  return {
    push(chunk) {
      const parts: LinePart[] = []
      for (const byte of chunk) {
        if (byte === LF) {
          parts.push(takeLine())
          continue
        }
        while (heldBytes > maxLineBytes || (heldBytes === maxLineBytes && byte !== CR)) {
          parts.push(take(maxLineBytes, false))
        }
        hold(byte)
      }
      return parts
    },

    end() {
      const parts: LinePart[] = []
      while (heldBytes > 0) parts.push(take(Math.min(heldBytes, maxLineBytes), false))
      return parts
    },
  }
}
