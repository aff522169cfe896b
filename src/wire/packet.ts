/** A packet, Erlang's `{packet,N}`: a big-endian length of N bytes, then that many bytes of content. For lossless streams:
 * one wrong byte and everything after it is lost. */

export type PrefixBytes = 1 | 2 | 4

export type PacketEvent =
  /** A whole packet. The bytes are valid until the next `push`, and as long as the pushed chunk is not written to. */
  | { readonly kind: 'content'; readonly bytes: Uint8Array }
  /** A length that is not allowed. Where the next packet begins cannot be known: the decoder is deaf until `reset`. */
  | { readonly kind: 'oversize'; readonly declaredBytes: number }

export interface PacketDecoder {
  /** Takes any number of bytes, even one; returns what they completed. */
  push(chunk: Uint8Array): PacketEvent[]
  /** True while part of a packet is held, its prefix included: what a stream that ends here would cut off. */
  readonly inPacket: boolean
  /** How many bytes of it are held, its prefix included. */
  readonly heldBytes: number
  /** The length that its prefix says; undefined until the prefix is whole. */
  readonly declaredBytes: number | undefined
  /** Forgets all bytes held and listens again. */
  reset(): void
}

/** A first allocation. More follows only as content really comes: a prefix alone costs its sender nothing. */
const FIRST_HELD_BYTES = 256

/** The most content that a prefix can say. Four bytes: 2^31 - 1, for a reader that takes the length as signed. */
export function maxPacketContentBytes(prefixBytes: PrefixBytes): number {
  return prefixBytes === 1 ? 0xff : prefixBytes === 2 ? 0xffff : 0x7fffffff
}

/** Puts content into a packet.
 * @throws RangeError  more content than the prefix can say; see `maxPacketContentBytes` */
export function encodePacket(content: Uint8Array, prefixBytes: PrefixBytes): Uint8Array {
  const wire = new Uint8Array(prefixBytes + content.length)
  writePrefix(wire, prefixBytes, content.length)
  wire.set(content, prefixBytes)
  return wire
}

/** Writes the length of a packet's content to the front of `wire`.
 * @throws RangeError  more content than the prefix can say */
export function writePrefix(wire: Uint8Array, prefixBytes: PrefixBytes, contentBytes: number): void {
  if (contentBytes > maxPacketContentBytes(prefixBytes)) {
    throw new RangeError(`${contentBytes} bytes do not fit a packet with a prefix of ${prefixBytes}`)
  }
  for (let index = 0, shift = 8 * (prefixBytes - 1); index < prefixBytes; index++, shift -= 8) {
    wire[index] = contentBytes >>> shift
  }
}

/** Cuts a stream of bytes into packets. Memory: the longest packet that came in pieces, twice.
 * @param maxContentBytes  a longer declared length is an `oversize` event */
export function createPacketDecoder(options: {
  readonly prefixBytes: PrefixBytes
  readonly maxContentBytes: number
}): PacketDecoder {
  const { prefixBytes } = options
  const maxContentBytes = Math.min(options.maxContentBytes, maxPacketContentBytes(prefixBytes))

  let deaf = false
  let prefixSeen = 0
  let declaredBytes = 0
  /** Content of a packet that began in an earlier chunk. `spare` holds the one before, which may still be looked at. */
  let held = new Uint8Array(0)
  let heldBytes = 0
  let spare = new Uint8Array(0)

  function hold(chunk: Uint8Array, from: number, to: number): void {
    const needed = heldBytes + to - from
    if (needed > held.length) {
      const larger = new Uint8Array(Math.min(declaredBytes, Math.max(needed, held.length * 2, FIRST_HELD_BYTES)))
      larger.set(held.subarray(0, heldBytes))
      held = larger
    }
    held.set(chunk.subarray(from, to), heldBytes)
    heldBytes = needed
  }

  return {
    push(chunk) {
      const events: PacketEvent[] = []
      let at = 0
      while (!deaf) {
        while (prefixSeen < prefixBytes && at < chunk.length) {
          declaredBytes = declaredBytes * 256 + chunk[at++]!
          prefixSeen++
        }
        if (prefixSeen < prefixBytes) return events
        if (declaredBytes > maxContentBytes) {
          deaf = true
          events.push({ kind: 'oversize', declaredBytes })
          return events
        }
        const end = Math.min(chunk.length, at + declaredBytes - heldBytes)
        if (heldBytes === 0 && end - at === declaredBytes) {
          events.push({ kind: 'content', bytes: chunk.subarray(at, end) })
        } else {
          hold(chunk, at, end)
          if (heldBytes < declaredBytes) return events
          events.push({ kind: 'content', bytes: held.subarray(0, heldBytes) })
          const complete = held
          held = spare
          spare = complete
        }
        at = end
        prefixSeen = 0
        declaredBytes = 0
        heldBytes = 0
      }
      return events
    },

    get inPacket() {
      return prefixSeen > 0
    },

    get heldBytes() {
      return prefixSeen + heldBytes
    },

    get declaredBytes() {
      return prefixSeen === prefixBytes ? declaredBytes : undefined
    },

    reset() {
      deaf = false
      prefixSeen = 0
      declaredBytes = 0
      heldBytes = 0
    },
  }
}
