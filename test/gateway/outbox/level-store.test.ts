/** How much of the disk, and of memory, LevelDB takes for the outbox. */

import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { LIMITS } from '../../../src/gateway/limits.js'
import { openLevelStore } from '../../../src/gateway/outbox/level-store.js'
import type { Store } from '../../../src/gateway/outbox/store.js'
import { until } from '../until.js'

const VALUE = Buffer.alloc(16_384, 'x')
/** In each of them LIMITS.outboxTableBytes, about. */
const BATCH = 64

async function newStore() {
  const path = mkdtempSync(join(tmpdir(), 'portwire-store-'))
  const store = await openLevelStore(path)
  onTestFinished(async () => {
    await store.close()
    rmSync(path, { recursive: true, force: true })
  })
  return { path, store }
}

async function write(store: Store, batches: number) {
  for (let batch = 0; batch < batches; batch++) {
    const puts = Array.from({ length: BATCH }, (_, at) => ({
      kind: 'put' as const,
      position: batch * BATCH + at,
      value: VALUE,
    }))
    await store.write([...puts, { kind: 'mark', mark: { head: 0, end: (batch + 1) * BATCH } }], false)
  }
  return batches * BATCH
}

/** Hands each lot that was read to `then`. */
async function readAll(store: Store, end: number, then: (from: number, below: number) => Promise<void> | void) {
  for (let at = 0; at < end; ) {
    const entries = await store.read(at, end, LIMITS.outboxReadRecords)
    if (entries.length === 0) throw new Error(`nothing from ${at} on`)
    await then(at, at + entries.length)
    at += entries.length
  }
}

function bytesOf(path: string): number {
  return readdirSync(path).reduce(
    (sum, file) => sum + (statSync(join(path, file), { throwIfNoEntry: false })?.size ?? 0),
    0,
  )
}

const tablesOf = (path: string) => readdirSync(path).filter((file) => file.endsWith('.ldb')).length

describe('the database of the outbox, of a gateway of boards and programs', () => {
  it('R12: what was read and removed is gone from the disk soon, not when LevelDB comes to it', async () => {
    const { path, store } = await newStore()
    const end = await write(store, 24)
    expect(bytesOf(path)).toBeGreaterThan(24 * LIMITS.outboxTableBytes)
    await readAll(store, end, async (from, below) => {
      const deletes = Array.from({ length: below - from }, (_, at) => ({
        kind: 'delete' as const,
        position: from + at,
      }))
      await store.write([...deletes, { kind: 'mark', mark: { head: below, end } }], false)
    })
    // What was read last, and what one compaction leaves to the next.
    const most = 3 * LIMITS.outboxCompactBytes
    await until(
      () => bytesOf(path) < most,
      10_000,
      () => `there are ${bytesOf(path)} bytes`,
    )
  })

  it.runIf(process.platform === 'linux')('R12: of many tables few are mapped, however many were read', async () => {
    const { path, store } = await newStore()
    const end = await write(store, 2 * LIMITS.outboxOpenTables)
    await readAll(store, end, () => {})
    expect(tablesOf(path)).toBeGreaterThan(1.5 * LIMITS.outboxOpenTables)
    const mapped = () => {
      const lines = readFileSync('/proc/self/maps', 'latin1').split('\n')
      return lines.filter((line) => line.includes(path) && line.includes('.ldb')).length
    }
    // A compaction in the background may have a few more open while it runs.
    await until(
      () => mapped() <= LIMITS.outboxOpenTables,
      10_000,
      () => `${mapped()} tables are mapped`,
    )
    expect(mapped()).toBeGreaterThan(0)
  })
})
