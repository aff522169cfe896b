/** A store in LevelDB. */

import { ClassicLevel } from 'classic-level'
import { LIMITS } from '../limits.js'
import { decodeKey, eventKey, MARK_KEY, NUMBERS_BELOW, NUMBERS_FROM, numberKey } from './level-keys.js'
import { decodeMark, decodeNumber, encodeMark, encodeNumber, type LastNumber, type Mark } from './record.js'
import { OutboxHeldError, type Store, StoreDamagedError, type StoredEntry, type StoreOperation } from './store.js'

type Level = ClassicLevel<Buffer, Buffer>

/** Without compression, so that its files can be read without it when they are damaged. */
const OPTIONS = { keyEncoding: 'buffer', valueEncoding: 'buffer', compression: false } as const

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
  return {
    async write(operations, sync) {
      // Five times quicker than a list of operations, which abstract-level copies.
      const batch = level.batch()
      for (const operation of operations) addTo(batch, operation)
      await batch.write({ sync })
    },
    async read(from, below, most) {
      const iterator = level.iterator({
        gte: eventKey(from),
        lt: eventKey(below),
        highWaterMarkBytes: LIMITS.outboxReadBytes,
      })
      try {
        return (await iterator.nextv(most)).map(entryOf)
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
