import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createLevelFolder } from '../../../src/gateway/outbox/level-folder.js'
import { OutboxHeldError } from '../../../src/gateway/outbox/store.js'
import { createVirtualClock } from '../../../src/testing/index.js'
import { until } from '../until.js'
import { eventOf, openBench } from './support.js'

function newFolder() {
  const parent = mkdtempSync(join(tmpdir(), 'portwire-outbox-'))
  onTestFinished(() => rmSync(parent, { recursive: true, force: true }))
  return { parent, path: join(parent, 'outbox') }
}

const last = (number: number) => ({ epoch: 1, number })

describe('the outbox on a disk, of a gateway of boards and programs', () => {
  it('keeps events over a restart, in order, once each', async () => {
    const { path } = newFolder()
    const first = await openBench(createLevelFolder(path))
    for (let n = 0; n < 500; n++) await first.outbox.store(eventOf('a', n), last(n))
    await first.outbox.close()
    const second = await openBench(createLevelFolder(path))
    await second.outbox.store(eventOf('a', 499), last(499))
    expect(second.outbox.info.events).toBe(500)
    second.outbox.connected()
    expect((await second.empty()).map(({ n }) => n)).toEqual(Array.from({ length: 500 }, (_, n) => n))
    await second.outbox.close()
    const third = await openBench(createLevelFolder(path))
    expect(third.outbox.info).toMatchObject({ events: 0, bytes: 0, quarantined: 0 })
  })

  it('is of one process, and the other is told which', async () => {
    const { path } = newFolder()
    await openBench(createLevelFolder(path))
    const second = createLevelFolder(path)
    await expect(second.lock()).rejects.toThrow(OutboxHeldError)
    await expect(second.lock()).rejects.toThrow(`the outbox ${path} is in use by process ${process.pid}`)
  })

  it('R28: nobody but its owner may enter it', async () => {
    const { parent, path } = newFolder()
    const before = process.umask(0)
    onTestFinished(() => void process.umask(before))
    const bench = await openBench(createLevelFolder(path))
    await bench.outbox.store(eventOf('a', 0), last(0))
    for (const name of readdirSync(parent)) expect(statSync(join(parent, name)).mode & 0o777, name).toBe(0o700)
    expect(statSync(join(path, 'mark')).mode & 0o777).toBe(0o600)
    chmodSync(path, 0o755)
    await bench.outbox.close()
    await openBench(createLevelFolder(path))
    expect(statSync(path).mode & 0o777).toBe(0o700)
  })

  it('R9: a database that cannot be opened is put aside and what can be read of it is kept', async () => {
    const { parent, path } = newFolder()
    const first = await openBench(createLevelFolder(path))
    for (let n = 0; n < 50; n++) await first.outbox.store(eventOf('a', n), last(n))
    await first.outbox.close()
    writeFileSync(join(path, 'db', 'CURRENT'), 'MANIFEST-999999\n')
    const second = await openBench(createLevelFolder(path, () => new Date('2026-11-20T10:15:02.120Z')))
    const aside = join(parent, 'outbox.quarantine-20261120T101502120Z')
    expect(second.alarms).toEqual([{ state: 'quarantined', problem: expect.any(String), lost: 0, aside }])
    expect(readFileSync(join(aside, 'db', 'CURRENT'), 'utf8')).toBe('MANIFEST-999999\n')
    second.outbox.connected()
    expect((await second.empty()).map(({ n }) => n)).toEqual(Array.from({ length: 50 }, (_, n) => n))
    await second.outbox.store(eventOf('a', 49), last(49))
    expect(second.outbox.info.events).toBe(0)
  })

  it('R9: half a table that a kill left behind, in no use, is no damage; a table in use that is cut off is', async () => {
    const { path } = newFolder()
    const fill = async () => {
      const bench = await openBench(createLevelFolder(path))
      for (let n = 0; n < 50; n++) bench.outbox.append(eventOf('a', n))
      await bench.outbox.close()
    }
    // What the first run wrote to the log becomes a table when it is opened again.
    await fill()
    await fill()
    const tables = () => readdirSync(join(path, 'db')).filter((file) => file.endsWith('.ldb'))
    const [used] = tables()
    const bytes = readFileSync(join(path, 'db', used!))
    writeFileSync(join(path, 'db', '999998.ldb'), bytes.subarray(0, bytes.length / 2))
    const second = await openBench(createLevelFolder(path))
    expect(second.alarms).toEqual([{ state: 'ok' }])
    expect(second.outbox.info.events).toBe(100)
    await second.outbox.close()
    writeFileSync(join(path, 'db', used!), bytes.subarray(0, bytes.length / 2))
    const third = await openBench(createLevelFolder(path))
    expect(third.alarms).toMatchObject([{ state: 'quarantined', problem: `${used}: it has no footer` }])
  })

  describe('its log', () => {
    const EVENTS = 50
    const filled = async () => {
      const { path } = newFolder()
      const bench = await openBench(createLevelFolder(path))
      // Each has a record of the log to itself, as the next is stored when the last one is.
      for (let n = 0; n < EVENTS; n++) await bench.outbox.store(eventOf('a', n), last(n))
      await bench.outbox.close()
      const [name] = readdirSync(join(path, 'db')).filter((file) => file.endsWith('.log'))
      const log = join(path, 'db', name!)
      return { path, name, log, bytes: readFileSync(log) }
    }

    it('R9: damaged in the middle costs the event that was hit, and none of those behind it', async () => {
      const { path, name, log, bytes } = await filled()
      const at = bytes.indexOf('a:00000001:25')
      bytes[at]! ^= 1
      writeFileSync(log, bytes)
      const { outbox, alarms, empty } = await openBench(createLevelFolder(path))
      expect(alarms).toMatchObject([{ state: 'quarantined', problem: `${name}: a record is damaged`, lost: 1 }])
      outbox.connected()
      const numbers = (await empty()).map(({ n }) => n).filter((n) => n !== undefined)
      expect(numbers).toEqual(Array.from({ length: EVENTS }, (_, n) => n).filter((n) => n !== 25))
    })

    it.each([1, 6, 7, 60])('R10: with a record of which a kill left %i bytes at its end is whole', async (left) => {
      const { path, log, bytes } = await filled()
      writeFileSync(log, Buffer.concat([bytes, bytes.subarray(0, left)]))
      const { outbox, alarms } = await openBench(createLevelFolder(path))
      expect(alarms).toEqual([{ state: 'ok' }])
      expect(outbox.info.events).toBe(EVENTS)
    })
  })

  it('R9: a kill between the renames of a rebuild leaves the successor, which is taken', async () => {
    const { path } = newFolder()
    const first = await openBench(createLevelFolder(path))
    await first.outbox.store(eventOf('a', 7), last(7))
    await first.outbox.close()
    renameSync(path, `${path}.successor`)
    const second = await openBench(createLevelFolder(path))
    expect(second.outbox.info.events).toBe(1)
    expect(existsSync(`${path}.successor`)).toBe(false)
  })

  it('R11: a file that can never be read again (EIO) is put aside after ten tries, the events of the others are kept', async () => {
    const { path } = newFolder()
    const fill = async (from: number) => {
      const bench = await openBench(createLevelFolder(path))
      for (let n = from; n < from + 50; n++) bench.outbox.append(eventOf('a', n))
      await bench.outbox.close()
    }
    // What one run wrote to the log becomes a table when it is opened again.
    await fill(0)
    await fill(50)
    await fill(100)
    const [unreadable] = readdirSync(join(path, 'db')).filter((file) => file.endsWith('.ldb'))
    rmSync(join(path, 'db', unreadable!))
    symlinkSync('/proc/self/mem', join(path, 'db', unreadable!)) // of which the kernel reads nothing at 0: EIO
    const clock = createVirtualClock()
    const folder = createLevelFolder(path)
    let tries = 0
    const findDamage = () => {
      tries += 1
      return folder.findDamage()
    }
    const { outbox, alarms, empty } = await openBench({ ...folder, findDamage }, { clock })
    const stored = outbox.store(eventOf('a', 150), last(150))
    await until(
      async () => {
        await clock.advance(1_000)
        return outbox.info.isOpen
      },
      30_000,
      'it is open',
    )
    expect(tries).toBe(11)
    expect(alarms).toMatchObject([
      { state: 'unavailable', problem: expect.stringContaining('EIO') },
      { state: 'quarantined', problem: expect.stringContaining('EIO'), lost: 50 },
    ])
    await stored
    outbox.connected()
    const came = await empty()
    expect(came.filter(({ n }) => n !== undefined).map(({ n }) => n)).toEqual(
      Array.from({ length: 101 }, (_, n) => n + 50),
    )
    expect(came).toContainEqual(expect.objectContaining({ type: 'events_dropped' }))
  })

  it('R9: a lock that is damaged does not keep the gateway out', async () => {
    const { path } = newFolder()
    const first = await openBench(createLevelFolder(path))
    await first.outbox.store(eventOf('a', 7), last(7))
    await first.outbox.close()
    writeFileSync(join(`${path}.lock`, 'CURRENT'), 'nonsense')
    const second = await openBench(createLevelFolder(path))
    expect(second.outbox.info).toMatchObject({ isOpen: true, events: 1 })
  })
})
