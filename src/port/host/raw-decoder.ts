/** The packet modes of a raw port, as `open_port` has them: what a link's bytes become, and what a packet is on the wire. */

import { PortwireError } from '../../errors.js'
import {
  createLineDecoder,
  encodePacket,
  type LinePart,
  maxPacketContentBytes,
  type PrefixBytes,
} from '../../wire/index.js'
import { createFixedDecoder } from './raw-fixed.js'
import { MAX_LARGE_CONTENT_BYTES } from './raw-packets.js'

/** 1, 2, 4: a length of so many bytes in front. `stream`: bytes as they come. `line`: lines in parts of at most so many
 * bytes. `fixed`: records of so many bytes. */
export type PacketMode = PrefixBytes | 'stream' | { readonly line: number } | { readonly fixed: number }

/** What a packet of a mode is. */
export type RawPacket<M extends PacketMode = PacketMode> = M extends { readonly line: number } ? LinePart : Uint8Array

/** Modes without a prefix: chunks in, packets out. */
export interface RawDecoder {
  push(chunk: Uint8Array): readonly (Uint8Array | LinePart)[]
  /** The stream is over. `partialBytes` are dropped: the part of a record that came. */
  end(): { readonly packets: readonly LinePart[]; readonly partialBytes: number }
}

/** @throws ARGUMENT_INVALID  the mode is none, or its size is not from 1 to 16 MiB */
export function checkPacketMode(mode: PacketMode): void {
  if (mode === 'stream' || isPrefix(mode)) return
  const size = mode !== null && typeof mode === 'object' ? ('line' in mode ? mode.line : mode.fixed) : undefined
  if (Number.isInteger(size) && size! >= 1 && size! <= MAX_LARGE_CONTENT_BYTES) return
  throw new PortwireError(
    'ARGUMENT_INVALID',
    `packet: ${JSON.stringify(mode)} is not 1, 2, 4, 'stream', { line: n } or { fixed: n } with n from 1 to ${MAX_LARGE_CONTENT_BYTES}`,
  )
}

export function isPrefix(mode: PacketMode): mode is PrefixBytes {
  return mode === 1 || mode === 2 || mode === 4
}

/** A fresh one a session. */
export function createRawDecoder(mode: Exclude<PacketMode, PrefixBytes>): RawDecoder {
  if (mode === 'stream') return { push: (chunk) => [chunk], end: () => ({ packets: [], partialBytes: 0 }) }
  if ('line' in mode) {
    const lines = createLineDecoder(mode.line)
    return { push: lines.push, end: () => ({ packets: lines.end(), partialBytes: 0 }) }
  }
  return createFixedDecoder(mode.fixed)
}

/** A packet's bytes on the wire: a copy, since a link may keep them. Lines and records go out as they are.
 * @throws TOO_LARGE  more than the prefix can say */
export function encodeRaw(mode: PacketMode, bytes: Uint8Array): Uint8Array {
  if (!isPrefix(mode)) return new Uint8Array(bytes)
  const maxBytes = maxPacketContentBytes(mode)
  if (bytes.length > maxBytes) {
    throw new PortwireError(
      'TOO_LARGE',
      `${bytes.length} bytes in a packet whose length has ${mode}; it takes ${maxBytes}`,
    )
  }
  return encodePacket(bytes, mode)
}

export function packetBytes(packet: Uint8Array | LinePart): number {
  return packet instanceof Uint8Array ? packet.length : packet.bytes.length
}
