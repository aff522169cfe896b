/** How an event is kept on disk. LevelDB does not check what it reads from its tables (one flipped bit there is delivered as
 * good data), so each record carries its own length and CRC-32, over its position as well: a record is only good at its key. */

import { crc32 } from 'node:zlib'
import type { IdMember, Publication } from '../mqtt/publication.js'
import { type HistoricalMember, markedHistorical } from './historical.js'

/** An event on its way to the broker. */
export interface OutboxRecord {
  /** Whose events keep their order among each other; empty for what the gateway itself has to say. */
  readonly device: string
  /** Wall-clock milliseconds of its arrival. */
  readonly atMs: number
  readonly topic: string
  /** A JSON object, or a map of msgpack. */
  readonly payload: string | Uint8Array
  /** Of the event; the user property of MQTT 5. Empty: none. */
  readonly id: string
  /** The member that says that the event is sent later than it came: `historical`, or another where the event has that field. */
  readonly historicalMember: HistoricalMember
  /** The payload has no id, and this is what the member for it is called. Undefined: it has. */
  readonly idMember?: IdMember
}

/** u8 format, u8 flags, u32 length of the whole, u32 CRC-32, f64 atMs, u8 bytes of device, u16 of topic, u16 of id; then device,
 * topic, id and payload, texts in UTF-8. The CRC is over the position (u64 big-endian) and everything but itself. */
const HEADER_BYTES = 1 + 1 + 4 + 4 + 8 + 1 + 2 + 2
const FORMAT = 1
const FLAG_EVENT_HISTORICAL = 1
/** The payload is bytes, not text. */
const FLAG_BYTES = 2
const FLAG_ID_APART = 4
const FLAG_EVENT_ID = 8
const CRC_AT = 6

/** What it takes on the disk, its key aside. */
export function recordBytes({ device, topic, id, payload }: OutboxRecord): number {
  return (
    HEADER_BYTES +
    Buffer.byteLength(device) +
    Buffer.byteLength(topic) +
    Buffer.byteLength(id) +
    Buffer.byteLength(payload)
  )
}

export function encodeRecord(position: number, record: OutboxRecord): Buffer {
  const { device, topic, id, payload } = record
  const deviceBytes = Buffer.byteLength(device)
  const topicBytes = Buffer.byteLength(topic)
  const idBytes = Buffer.byteLength(id)
  const total = HEADER_BYTES + deviceBytes + topicBytes + idBytes + Buffer.byteLength(payload)
  const bytes = Buffer.allocUnsafe(total)
  bytes[0] = FORMAT
  bytes[1] =
    (record.historicalMember === 'event_historical' ? FLAG_EVENT_HISTORICAL : 0) |
    (typeof payload === 'string' ? 0 : FLAG_BYTES) |
    (record.idMember === undefined ? 0 : FLAG_ID_APART) |
    (record.idMember === 'event_id' ? FLAG_EVENT_ID : 0)
  bytes.writeUInt32BE(total, 2)
  bytes.writeDoubleBE(record.atMs, 10)
  bytes[18] = deviceBytes
  bytes.writeUInt16BE(topicBytes, 19)
  bytes.writeUInt16BE(idBytes, 21)
  let at = HEADER_BYTES
  at += bytes.write(device, at)
  at += bytes.write(topic, at)
  at += bytes.write(id, at)
  if (typeof payload === 'string') bytes.write(payload, at)
  else bytes.set(payload, at)
  bytes.writeUInt32BE(checksum(position, bytes), CRC_AT)
  return bytes
}

/** Undefined for a record that is damaged, or that belongs at another position. */
export function decodeRecord(position: number, bytes: Buffer): OutboxRecord | undefined {
  if (bytes.length < HEADER_BYTES || bytes[0] !== FORMAT || bytes.readUInt32BE(2) !== bytes.length) return undefined
  if (bytes.readUInt32BE(CRC_AT) !== checksum(position, bytes)) return undefined
  const deviceEnd = HEADER_BYTES + bytes[18]!
  const topicEnd = deviceEnd + bytes.readUInt16BE(19)
  const idEnd = topicEnd + bytes.readUInt16BE(21)
  return {
    device: bytes.toString('utf8', HEADER_BYTES, deviceEnd),
    atMs: bytes.readDoubleBE(10),
    topic: bytes.toString('utf8', deviceEnd, topicEnd),
    id: bytes.toString('utf8', topicEnd, idEnd),
    // A copy: what was read together is not kept for one of it.
    payload: (bytes[1]! & FLAG_BYTES) === 0 ? bytes.toString('utf8', idEnd) : Uint8Array.from(bytes.subarray(idEnd)),
    historicalMember: (bytes[1]! & FLAG_EVENT_HISTORICAL) === 0 ? 'historical' : 'event_historical',
    ...((bytes[1]! & FLAG_ID_APART) !== 0 && { idMember: (bytes[1]! & FLAG_EVENT_ID) === 0 ? 'id' : 'event_id' }),
  }
}

function checksum(position: number, bytes: Buffer): number {
  const place = Buffer.allocUnsafe(8)
  place.writeBigUInt64BE(BigInt(position))
  return crc32(bytes.subarray(CRC_AT + 4), crc32(bytes.subarray(0, CRC_AT), crc32(place)))
}

/** In place of an event that the broker has, while an older one is still there: keys stay contiguous, so that a key that is
 * missing is known to be lost. Nothing in it can be damaged. */
export const TOMBSTONE = Buffer.alloc(0)

/** The event as it goes to the broker. */
export function publicationOf(record: OutboxRecord, isHistorical: boolean): Publication {
  const { topic, payload, id, historicalMember, idMember } = record
  return {
    topic,
    payload: isHistorical ? markedHistorical(payload, historicalMember) : payload,
    qos: 1,
    retain: false,
    ...(id !== '' && { userProperties: { id } }),
    ...(idMember && { idMember }),
  }
}

/** The last number of a device's reliable events that is stored: an event up to it, of the same boot, is there already. */
export interface LastNumber {
  readonly epoch: number
  readonly number: number
}

/** u32 CRC-32 over the device's name and the rest, u32 epoch, f64 number. */
const NUMBER_BYTES = 16

export function encodeNumber(device: string, { epoch, number }: LastNumber): Buffer {
  const bytes = Buffer.allocUnsafe(NUMBER_BYTES)
  bytes.writeUInt32BE(epoch, 4)
  bytes.writeDoubleBE(number, 8)
  bytes.writeUInt32BE(crc32(bytes.subarray(4), crc32(device)), 0)
  return bytes
}

/** Undefined when it is damaged: an event may then be taken twice, with the same id, and none is lost. */
export function decodeNumber(device: string, bytes: Buffer): LastNumber | undefined {
  if (bytes.length !== NUMBER_BYTES || bytes.readUInt32BE(0) !== crc32(bytes.subarray(4), crc32(device)))
    return undefined
  return { epoch: bytes.readUInt32BE(4), number: bytes.readDoubleBE(8) }
}

/** What is known of the positions in use, beside the database, so that a tail that is cut off is missed as well. */
export interface Mark {
  /** All below is with the broker or was given up, and said. */
  readonly head: number
  /** One past the newest. */
  readonly end: number
}

/** u32 CRC-32, f64 head, f64 end. */
export const MARK_BYTES = 20

export function encodeMark({ head, end }: Mark): Buffer {
  const bytes = Buffer.allocUnsafe(MARK_BYTES)
  bytes.writeDoubleBE(head, 4)
  bytes.writeDoubleBE(end, 12)
  bytes.writeUInt32BE(crc32(bytes.subarray(4)), 0)
  return bytes
}

export function decodeMark(bytes: Buffer): Mark | undefined {
  if (bytes.length !== MARK_BYTES || bytes.readUInt32BE(0) !== crc32(bytes.subarray(4))) return undefined
  return { head: bytes.readDoubleBE(4), end: bytes.readDoubleBE(12) }
}
