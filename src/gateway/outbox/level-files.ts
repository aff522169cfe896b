/** LevelDB's files, read without LevelDB: it checks no block of a table when it compacts, and ends the process when the keys in a
 * damaged one are out of order. Tables and logs only, without compression. Source: doc/table_format.md and doc/log_format.md of
 * LevelDB. */

import { CRC_START, crcStep, maskCrc, maskedCrc32c } from './crc32c.js'

/** One version of a key. */
export interface LevelEntry {
  readonly key: Buffer
  readonly sequence: number
  /** Undefined: it was deleted. */
  readonly value: Buffer | undefined
}

/** `problem`: the first thing that is wrong; the entries are those that are whole. */
export interface LevelFile {
  readonly entries: LevelEntry[]
  readonly problem?: string
}

const FOOTER_BYTES = 48
const MAGIC = Buffer.from('57fb808b247547db', 'hex')
/** u8 compression (0: none) and the masked CRC of block and that. */
const TRAILER_BYTES = 5
const LOG_BLOCK_BYTES = 32_768
/** Masked CRC, u16 length, u8 type. */
const LOG_HEADER_BYTES = 7
const FULL = 1
const FIRST = 2
const LAST = 4
const PUT = 1
/** u64 sequence, u32 count. */
const BATCH_HEADER_BYTES = 12
const MAX_VARINT_BYTES = 10

/** A reading position; beyond the end it throws, which is damage as well. */
export interface Cursor {
  readonly bytes: Buffer
  at: number
}

/** Looks at every block of a table. @param wanted  false: entries are not collected */
export function readTable(bytes: Buffer, wanted: boolean): LevelFile {
  const entries: LevelEntry[] = []
  let problem: string | undefined
  try {
    if (bytes.length < FOOTER_BYTES || !bytes.subarray(-8).equals(MAGIC)) return withoutIndex(bytes, 'it has no footer')
    const footer = { bytes, at: bytes.length - FOOTER_BYTES }
    const meta = readHandle(footer)
    const index = blockAt(bytes, readHandle(footer))
    if (!blockAt(bytes, meta)) problem = 'a block is damaged'
    if (!index) return withoutIndex(bytes, 'its index is damaged')
    for (const { value } of blockEntries(index)) {
      const block = blockAt(bytes, readHandle({ bytes: value, at: 0 }))
      if (!block) problem = 'a block is damaged'
      else if (wanted) for (const { key, value } of blockEntries(block)) entries.push(versionOf(key, value))
    }
  } catch (error) {
    return withoutIndex(bytes, (error as Error).message)
  }
  return problem === undefined ? { entries } : { entries, problem }
}

/** One block after the other, up to the first that is damaged: a block ends where its CRC is right. Those of the index are among
 * them, and have values that no record has. */
function withoutIndex(bytes: Buffer, problem: string): LevelFile {
  const entries: LevelEntry[] = []
  for (let at = 0; at < bytes.length; ) {
    const end = blockEnd(bytes, at)
    if (end === undefined) break
    try {
      for (const { key, value } of blockEntries(bytes.subarray(at, end))) entries.push(versionOf(key, value))
    } catch {
      // No block of entries.
    }
    at = end + TRAILER_BYTES
  }
  return { entries, problem }
}

function blockEnd(bytes: Buffer, from: number): number | undefined {
  let crc = CRC_START
  for (let at = from; at + TRAILER_BYTES <= bytes.length; at++) {
    crc = crcStep(crc, bytes[at]!)
    if (bytes[at] === 0 && maskCrc(crc) === bytes.readUInt32LE(at + 1)) return at
  }
  return undefined
}

/** Every batch of a log that is whole. @param wanted  false: entries are not collected */
export function readLog(bytes: Buffer, wanted: boolean): LevelFile {
  const { records, problem } = readRecords(bytes)
  const entries = wanted ? records.flatMap(batchEntries) : []
  return problem === undefined ? { entries } : { entries, problem }
}

/** Records of a log that are whole. One that is cut off at the end is no problem: a kill in the middle of writing leaves it, and it was
 * never acknowledged. What is damaged in front of a whole one is. */
export function readRecords(bytes: Buffer): { readonly records: Buffer[]; readonly problem?: string } {
  const records: Buffer[] = []
  let parts: Buffer[] = []
  let isBroken = false
  let problem: string | undefined
  const broken = () => {
    parts = []
    isBroken = true
  }
  for (let at = 0; at + LOG_HEADER_BYTES <= bytes.length; ) {
    const blockEnd = (Math.floor(at / LOG_BLOCK_BYTES) + 1) * LOG_BLOCK_BYTES
    if (blockEnd - at < LOG_HEADER_BYTES) {
      at = blockEnd
      continue
    }
    const length = bytes.readUInt16LE(at + 4)
    const type = bytes[at + 6]!
    const end = at + LOG_HEADER_BYTES + length
    if (end > Math.min(blockEnd, bytes.length) || (type === 0 && length === 0)) {
      broken()
      at = blockEnd
      continue
    }
    const isWhole = maskedCrc32c(bytes, at + 6, end) === bytes.readUInt32LE(at) && type >= FULL && type <= LAST
    const begins = type === FULL || type === FIRST
    // It is damaged itself, or the first part of its record, or the one before has no end.
    if (!isWhole || begins === parts.length > 0) broken()
    if (isWhole && isBroken) problem ??= 'a record is damaged'
    if (isWhole && (begins || parts.length > 0)) {
      parts.push(bytes.subarray(at + LOG_HEADER_BYTES, end))
      if (type === FULL || type === LAST) {
        records.push(Buffer.concat(parts))
        parts = []
      }
    }
    at = end
  }
  return problem === undefined ? { records } : { records, problem }
}

function batchEntries(batch: Buffer): LevelEntry[] {
  const entries: LevelEntry[] = []
  if (batch.length < BATCH_HEADER_BYTES) return entries
  let sequence = Number(batch.readBigUInt64LE(0))
  const cursor = { bytes: batch, at: BATCH_HEADER_BYTES }
  while (cursor.at < batch.length) {
    const isPut = batch[cursor.at++] === PUT
    const key = readBytes(cursor, readVarint(cursor))
    const value = isPut ? readBytes(cursor, readVarint(cursor)) : undefined
    entries.push({ key, sequence, value })
    sequence += 1
  }
  return entries
}

/** Undefined when its CRC is wrong, or it is compressed. */
function blockAt(bytes: Buffer, { offset, size }: { offset: number; size: number }): Buffer | undefined {
  const end = offset + size
  if (end + TRAILER_BYTES > bytes.length || bytes[end] !== 0) return undefined
  if (maskedCrc32c(bytes, offset, end + 1) !== bytes.readUInt32LE(end + 1)) return undefined
  return bytes.subarray(offset, end)
}

function* blockEntries(block: Buffer): Generator<{ key: Buffer; value: Buffer }> {
  const restarts = block.readUInt32LE(block.length - 4)
  const end = block.length - 4 - 4 * restarts
  const cursor = { bytes: block, at: 0 }
  let key: Buffer = Buffer.alloc(0)
  while (cursor.at < end) {
    const shared = readVarint(cursor)
    const unshared = readVarint(cursor)
    const valueBytes = readVarint(cursor)
    key = Buffer.concat([key.subarray(0, shared), readBytes(cursor, unshared)])
    yield { key, value: readBytes(cursor, valueBytes) }
  }
}

/** In a table a key ends with u64: sequence << 8 | type. */
function versionOf(key: Buffer, value: Buffer): LevelEntry {
  const tag = key.readBigUInt64LE(key.length - 8)
  const isPut = Number(tag & 0xffn) === PUT
  return { key: key.subarray(0, -8), sequence: Number(tag >> 8n), value: isPut ? value : undefined }
}

function readHandle(cursor: Cursor): { offset: number; size: number } {
  return { offset: readVarint(cursor), size: readVarint(cursor) }
}

export function readVarint(cursor: Cursor): number {
  let value = 0
  for (let index = 0; index < MAX_VARINT_BYTES; index++) {
    const byte = cursor.bytes[cursor.at++]
    if (byte === undefined) break
    value += (byte & 0x7f) * 2 ** (7 * index)
    if (byte < 0x80) return value
  }
  throw new RangeError('a length is damaged')
}

export function readBytes(cursor: Cursor, length: number): Buffer {
  const end = cursor.at + length
  if (end > cursor.bytes.length) throw new RangeError('an entry is cut off')
  const bytes = cursor.bytes.subarray(cursor.at, end)
  cursor.at = end
  return bytes
}
