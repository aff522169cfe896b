/** A store in LevelDB. */

import { ClassicLevel } from 'classic-level'
import { LIMITS } from '../limits.js'
import { decodeKey, eventKey, MARK_KEY, NUMBERS_BELOW, NUMBERS_FROM, numberKey } from './level-keys.js'
import { decodeMark, decodeNumber, encodeMark, encodeNumber, type LastNumber, type Mark } from './record.js'
import { OutboxHeldError, type Store, StoreDamagedError, type StoredEntry, type StoreOperation } from './store.js'

type Level = ClassicLevel<Buffer, Buffer>

/** Of the files that `maxOpenFiles` counts LevelDB keeps so many for others than tables. Source: db/db_impl.cc of LevelDB. */
const OTHER_FILES = 10

const OPTIONS = {
  keyEncoding: 'buffer',
  valueEncoding: 'buffer',
  /** Its files can be read without LevelDB when they are damaged. */
  compression: false,
  /** A table that is open is mapped, up to 1,000 of them: what was read of it counts as memory of the process until it is closed.
   * Source: util/env_posix.cc of LevelDB. */
  maxOpenFiles: LIMITS.outboxOpenTables + OTHER_FILES,
  maxFileSize: LIMITS.outboxTableBytes,
  writeBufferSize: LIMITS.outboxTableBytes,
} as const

/** What strerror says where the disk, not the database, is at fault; LevelDB hands on no errno. */
const PASSING =
  /no space left|quota exceeded|too many open files|read-only file system|permission denied|input\/output error|file too large|cannot allocate|device or resource busy/i

/** @throws OutboxHeldError, StoreDamagedError, or another Error where trying again may help */
export async function openLevelStore(path: string): Promise<Store> {
  const level: Level = new ClassicLevel(path, OPTIONS)
  try {
    await level.open()
  } catch (error) {
    await level.close().catch(() => {})
    throw whyNotOpen(error as Error)
  }
  return storeOver(level)
}

function whyNotOpen(error: Error): Error {
  const { code, message = error.message } = (error.cause ?? {}) as { readonly code?: string; readonly message?: string }
  if (code === 'LEVEL_LOCKED') return new OutboxHeldError(message)
  return PASSING.test(message) ? new Error(message, { cause: error }) : new StoreDamagedError(message, { cause: error })
}

function storeOver(level: Level): Store {
  /** Since the last compaction. */
  let readBytes = 0
  let deletedBelow = 0
  let isCompacting = false

  /** Deleted events stay in their tables, and what was read of these in memory, until LevelDB comes to compact them, which takes
   * it hundreds of megabytes. What fails here fails in the next write too. */
  const compact = () => {
    if (isCompacting || deletedBelow === 0 || readBytes < LIMITS.outboxCompactBytes) return
    const below = deletedBelow
    isCompacting = true
    readBytes = 0
    deletedBelow = 0
    level
      .compactRange(eventKey(0), eventKey(below))
      .catch(() => {})
      .finally(() => {
        isCompacting = false
        compact()
      })
  }

  return {
    async write(operations, sync) {
      // Five times quicker than a list of operations, which abstract-level copies.
      const batch = level.batch()
      for (const operation of operations) addTo(batch, operation)
      await batch.write({ sync })
      for (const operation of operations) {
        if (operation.kind === 'delete') deletedBelow = Math.max(deletedBelow, operation.position + 1)
      }
      compact()
    },
    async read(from, below, most) {
      const iterator = level.iterator({
        gte: eventKey(from),
        lt: eventKey(below),
        highWaterMarkBytes: LIMITS.outboxReadBytes,
      })
      try {
        const entries = (await iterator.nextv(most)).map(entryOf)
        for (const { value } of entries) readBytes += value.length
        return entries
      } finally {
        await iterator.close()
      }
    },
    async last() {
      const iterator = level.keys({ gte: eventKey(0), lt: MARK_KEY, reverse: true, limit: 1 })
      try {
        const key = await iterator.next()
        const decoded = key && decodeKey(key)
        return decoded?.kind === 'event' ? decoded.position : undefined
      } finally {
        await iterator.close()
      }
    },
    async numbers() {
      const numbers = new Map<string, LastNumber>()
      for await (const [key, value] of level.iterator({ gte: NUMBERS_FROM, lt: NUMBERS_BELOW })) {
        const device = key.toString('utf8', NUMBERS_FROM.length)
        const last = decodeNumber(device, value)
        if (last) numbers.set(device, last)
      }
      return numbers
    },
    async mark(): Promise<Mark | undefined> {
      const bytes = await level.get(MARK_KEY)
      return bytes && decodeMark(bytes)
    },
    close: () => level.close(),
  }
}

function addTo(batch: ReturnType<Level['batch']>, operation: StoreOperation): void {
  switch (operation.kind) {
    case 'put':
      return void batch.put(eventKey(operation.position), operation.value)
    case 'delete':
      return void batch.del(eventKey(operation.position))
    case 'number':
      return void batch.put(numberKey(operation.device), encodeNumber(operation.device, operation.last))
    case 'mark':
      return void batch.put(MARK_KEY, encodeMark(operation.mark))
  }
}

function entryOf([key, value]: [Buffer, Buffer]): StoredEntry {
  const decoded = decodeKey(key)
  if (decoded?.kind !== 'event') throw new Error('a key is damaged')
  return { position: decoded.position, value }
}
