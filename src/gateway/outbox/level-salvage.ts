/** What is left of a database, whatever state it is in, without LevelDB's help. */

import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { readLog, readTable } from './level-files.js'
import { decodeKey } from './level-keys.js'
import { readManifest } from './level-manifest.js'
import { decodeMark, decodeNumber, decodeRecord, type LastNumber, type Mark } from './record.js'
import { isUnreadable, type RemainingEvent, type Remains } from './store.js'

const TABLE = /\.(ldb|sst)$/
const LOG = /^\d+\.log$/
const readerOf = (file: string) => (TABLE.test(file) ? readTable : readLog)

/** The first log, or table in use, that is not whole; undefined when all are. LevelDB would open all the same, drop what stands behind
 * the damage in the log, and remove the file. */
export async function findDamagedFile(path: string): Promise<string | undefined> {
  const [inUse, files] = await Promise.all([tablesInUse(path), filesOf(path)])
  // A kill in the middle of writing a table leaves half of one, which LevelDB removes.
  const isInUse = (table: string) => inUse?.has(Number.parseInt(table, 10)) !== false
  const wanted = files.filter((file) => LOG.test(file) || (TABLE.test(file) && isInUse(file)))
  for await (const { file, bytes } of contentsOf(wanted, (file) => readFile(join(path, file)))) {
    const { problem } = readerOf(file)(bytes, false)
    if (problem !== undefined) return `${file}: ${problem}`
  }
  return undefined
}

/** Numbers of the tables in use; undefined when that cannot be known. */
async function tablesInUse(path: string): Promise<ReadonlySet<number> | undefined> {
  try {
    const manifest = (await readFile(join(path, 'CURRENT'), 'latin1')).trim()
    return /^MANIFEST-\d+$/.test(manifest) ? readManifest(await readFile(join(path, manifest))) : undefined
  } catch (error) {
    if ((error as { code?: unknown }).code === 'ENOENT') return undefined
    throw error
  }
}

/** The newest version of everything that can be read. It is all in memory: as much as the outbox has on the disk.
 * @param withoutUnreadable  true: files that the disk cannot read are left out */
export async function readRemains(path: string, withoutUnreadable = false): Promise<Remains> {
  let mark: Mark | undefined
  const numbers = new Map<string, LastNumber>()
  const events = new Map<number, RemainingEvent>()
  /** Of the version that is known of each key. */
  const sequences = new Map<string, number>()
  const files = (await filesOf(path)).filter((file) => TABLE.test(file) || LOG.test(file))
  const read = (file: string) =>
    readFile(join(path, file)).catch((error: unknown) => {
      if (withoutUnreadable && isUnreadable(error)) return undefined
      throw error
    })
  for await (const { file, bytes } of contentsOf(files, read)) {
    if (!bytes) continue
    const { entries } = readerOf(file)(bytes, true)
    for (const { key: bare, sequence, value } of entries) {
      const key = decodeKey(bare)
      if (!key) continue
      const record = key.kind === 'event' && value?.length ? decodeRecord(key.position, value) : undefined
      if (key.kind === 'event' && value?.length && !record) continue
      const name = bare.toString('latin1')
      if ((sequences.get(name) ?? -1) > sequence) continue
      sequences.set(name, sequence)
      if (key.kind === 'mark') mark = value && decodeMark(value)
      else if (key.kind === 'number') put(numbers, key.device, value && decodeNumber(key.device, value))
      else put(events, key.position, value && { value, device: record?.device })
    }
  }
  return { mark, numbers, events }
}

/** One file after the other; the next is read meanwhile. */
async function* contentsOf<Bytes>(files: readonly string[], read: (file: string) => Promise<Bytes>) {
  const ahead = (at: number) => {
    const bytes = at < files.length ? read(files[at]!) : undefined
    bytes?.catch(() => {}) // It is said when it is its turn.
    return bytes
  }
  let next = ahead(0)
  for (const [at, file] of files.entries()) {
    const bytes = await next!
    next = ahead(at + 1)
    yield { file, bytes }
  }
}

function put<Key, Value>(map: Map<Key, Value>, key: Key, value: Value | undefined): void {
  if (value === undefined) map.delete(key)
  else map.set(key, value)
}

async function filesOf(path: string): Promise<string[]> {
  try {
    return await readdir(path)
  } catch (error) {
    if ((error as { code?: unknown }).code === 'ENOENT') return []
    throw error
  }
}
