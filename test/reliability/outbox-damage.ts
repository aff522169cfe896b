/** An outbox on a real disk, damaged at one place, and opened again: what comes of its events. */

import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createLevelFolder } from '../../src/gateway/outbox/level-folder.js'
import { openLevelStore } from '../../src/gateway/outbox/level-store.js'
import { openOutbox } from '../../src/gateway/outbox/open-outbox.js'
import { decodeRecord, encodeRecord, type OutboxRecord } from '../../src/gateway/outbox/record.js'
import { reportOf } from '../../src/gateway/outbox/report.js'
import type { StoreOperation } from '../../src/gateway/outbox/store.js'

/** `at` is a byte of the file: it is cut off there, or that bit of it is another. */
export interface Damage {
  readonly file: string
  readonly at: number
  readonly kind: 'cut' | 'flip'
  /** 0 to 7, of a flip. */
  readonly bit: number
}

export interface DamageFigures {
  cases: number
  /** Records that were handed on and are not those that were stored. */
  wrong: number
  exceptions: number
  /** Cases where fewer were handed on and said to be lost than were stored: some are gone without a word. */
  unsaid: number
  /** Events that were said to be lost although the broker had them: their tombstones were lost with them, as where a log is cut off
   * before both. What is left cannot tell them from events that are lost. */
  saidTooMuch: number
  /** Cases where more was said than that can explain. */
  wronglySaid: number
  quarantined: number
  /** Handed on though the broker had them: duplicates, with the same id. */
  again: number
  /** Events that waited and are gone. */
  lost: number
  /** How long each opening took. */
  readonly openMs: number[]
}

const EVENTS_IN_TABLES = 300
const EVENTS_IN_LOG = 120

export interface DamagedOutbox {
  /** Every place where it can be damaged: each byte of each file, cut and flipped. */
  readonly damages: readonly Damage[]
  readonly bytes: number
  /** Opens a copy that is damaged so. @returns how long that took; undefined: it threw */
  tryWith(damage: Damage, figures: DamageFigures): Promise<number | undefined>
  remove(): void
}

/** An outbox with records in table files, records in the log, some removed, some acknowledged out of order.
 * @param random  which bit of a byte */
export async function createDamagedOutbox(random: () => number): Promise<DamagedOutbox> {
  const root = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'portwire-damage-'))
  const model = join(root, 'model')
  const filled = await fill(model)
  const files = readdirSync(model, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !/^(LOG|LOCK|holder)/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name).slice(model.length + 1))
  const contents = new Map(files.map((file) => [file, readFileSync(join(model, file))]))
  const damages = [...contents].flatMap(([file, { length }]) =>
    Array.from({ length }, (_, at) => [
      { file, at, kind: 'cut', bit: 0 } as const,
      { file, at, kind: 'flip', bit: Math.floor(random() * 8) } as const,
    ]).flat(),
  )
  let cases = 0
  return {
    damages,
    bytes: damages.length / 2,
    async tryWith(damage, figures) {
      const parent = join(root, `case-${cases++}`)
      const copy = join(parent, 'outbox')
      mkdirSync(join(copy, 'db'), { recursive: true })
      for (const [file, bytes] of contents)
        writeFileSync(join(copy, file), file === damage.file ? harmed(bytes, damage) : bytes)
      figures.cases += 1
      try {
        return await look(copy, filled, figures)
      } catch {
        figures.exceptions += 1
        return undefined
      } finally {
        rmSync(parent, { recursive: true, force: true })
      }
    },
    remove: () => rmSync(root, { recursive: true, force: true }),
  }
}

function harmed(whole: Buffer, { at, kind, bit }: Damage): Buffer {
  if (kind === 'cut') return whole.subarray(0, at)
  const bytes = Buffer.from(whole)
  bytes[at]! ^= 1 << bit
  return bytes
}

async function look(path: string, { made, stored }: Filled, figures: DamageFigures): Promise<number> {
  const startMs = performance.now()
  let said = 0
  const folder = createLevelFolder(path)
  const { store, inventory, damage } = await openOutbox(folder, (count) => {
    said = count
    return reportOf('portwire/bridge/event', 0, { reason: 'corrupt', device: undefined, count })
  })
  const openMs = performance.now() - startMs
  figures.openMs.push(openMs)
  const handedOn = new Set<number>()
  const { head, end } = inventory
  for (let at = head; at < end; ) {
    const entries = await store.read(at, end, 1_000)
    if (entries.length === 0) break
    for (const { position, value } of entries) {
      at = position + 1
      if (value.length === 0 || inventory.over.has(position)) continue
      const record = decodeRecord(position, value)
      if (record?.device === '') continue
      handedOn.add(position)
      if (!made.get(position)?.equals(value)) figures.wrong += 1
    }
  }
  await store.close()
  await folder.release()
  if (damage) {
    figures.quarantined += 1
    if (!existsSync(damage.aside)) figures.exceptions += 1
  }
  const lost = [...stored.keys()].filter((position) => !handedOn.has(position)).length
  const atBroker = [...made.keys()].filter((position) => !stored.has(position))
  // Of these the broker has a copy, and what is left of the outbox may have no tombstone.
  const unknown = atBroker.filter((position) => position >= head && !handedOn.has(position)).length
  figures.lost += lost
  figures.again += atBroker.filter((position) => handedOn.has(position)).length
  const excess = said - lost
  if (excess < 0) figures.unsaid += 1
  else if (excess > unknown) figures.wronglySaid += 1
  else figures.saidTooMuch += excess
  return openMs
}

/** By position. */
interface Filled {
  /** All that was ever stored. */
  readonly made: ReadonlyMap<number, Buffer>
  /** What waits. */
  readonly stored: ReadonlyMap<number, Buffer>
}

async function fill(path: string): Promise<Filled> {
  const made = new Map<number, Buffer>()
  const folder = createLevelFolder(path)
  const report = () => {
    throw new Error('a new outbox is not damaged')
  }
  let end = 0
  const add = async (count: number) => {
    const { store } = await openOutbox(folder, report)
    for (const below = end + count; end < below; ) {
      const operations: StoreOperation[] = []
      const from = end
      for (; end < Math.min(below, from + 20); end++) {
        const value = encodeRecord(end, recordOf(end))
        made.set(end, value)
        operations.push({ kind: 'put', position: end, value })
      }
      const mark = { head: 0, end }
      await store.write(
        [...operations, { kind: 'number', device: 'a', last: { epoch: 1, number: end } }, { kind: 'mark', mark }],
        true,
      )
      folder.writeMark(mark)
    }
    return store
  }
  await (await add(EVENTS_IN_TABLES)).close()
  // Opening makes a table of the log.
  await (await openLevelStore(join(path, 'db'))).close()
  const store = await add(EVENTS_IN_LOG)
  const over = [...Array(30).keys(), 40, 41, 77, end - 5]
  const mark = { head: 30, end }
  await store.write(
    [
      ...over.map((position) =>
        position < mark.head
          ? ({ kind: 'delete', position } as const)
          : ({ kind: 'put', position, value: Buffer.alloc(0) } as const),
      ),
      { kind: 'mark', mark },
    ],
    false,
  )
  folder.writeMark(mark)
  const stored = new Map(made)
  for (const position of over) stored.delete(position)
  await store.close()
  await folder.release()
  return { made, stored }
}

function recordOf(n: number): OutboxRecord {
  const id = `a:00000001:${n}`
  // Noise, as the text of real events: what can be compressed away is not there to be damaged.
  const text = Array.from({ length: 90 }, (_, at) =>
    String.fromCharCode(33 + ((n * 7_919 + at * at * 104_729 + at * n) % 90)),
  ).join('')
  return {
    device: 'a',
    atMs: n,
    topic: 'portwire/a/event/reading',
    payload: JSON.stringify({ n, id, text }),
    id,
    historicalMember: 'historical',
  }
}
