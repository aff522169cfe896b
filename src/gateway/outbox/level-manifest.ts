/** LevelDB's list of tables in use: a log of changes to it. Source: db/version_edit.cc of LevelDB. */

import { type Cursor, readBytes, readRecords, readVarint } from './level-files.js'

const COMPARATOR = 1
const LOG_NUMBER = 2
const NEXT_FILE_NUMBER = 3
const LAST_SEQUENCE = 4
const COMPACT_POINTER = 5
const DELETED_FILE = 6
const NEW_FILE = 7
const PREVIOUS_LOG_NUMBER = 9

/** File numbers; undefined when it is damaged, or there is something in it that is not known. */
export function readManifest(bytes: Buffer): ReadonlySet<number> | undefined {
  const tables = new Set<number>()
  try {
    const { records, problem } = readRecords(bytes)
    if (problem !== undefined) return undefined
    for (const record of records) {
      const cursor = { bytes: record, at: 0 }
      while (cursor.at < record.length) if (!readChange(cursor, tables)) return undefined
    }
    return tables
  } catch {
    return undefined
  }
}

function readChange(cursor: Cursor, tables: Set<number>): boolean {
  switch (readVarint(cursor)) {
    case COMPARATOR:
      readBytes(cursor, readVarint(cursor))
      return true
    case LOG_NUMBER:
    case NEXT_FILE_NUMBER:
    case LAST_SEQUENCE:
    case PREVIOUS_LOG_NUMBER:
      readVarint(cursor)
      return true
    case COMPACT_POINTER:
      readVarint(cursor) // level
      readBytes(cursor, readVarint(cursor))
      return true
    case DELETED_FILE:
      readVarint(cursor)
      tables.delete(readVarint(cursor))
      return true
    case NEW_FILE:
      readVarint(cursor)
      tables.add(readVarint(cursor))
      readVarint(cursor) // bytes
      readBytes(cursor, readVarint(cursor)) // smallest key
      readBytes(cursor, readVarint(cursor)) // largest key
      return true
    default:
      return false
  }
}
