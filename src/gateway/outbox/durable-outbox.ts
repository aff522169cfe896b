/** The outbox on disk: an event is on the disk before its device is told to forget it, and stays there until the broker has it.
 * One loop does all the writing, a batch after the other; whatever fails closes the database, which is opened again. */

import { LIMITS } from '../limits.js'
import { createBacklogReader } from './backlog-reader.js'
import { releaseHeld } from './hold.js'
import { type Arrival, isStored, lastNumbers, nextArrivals } from './intake-queue.js'
import { createLanes } from './lanes.js'
import { createLedger, type Ledger } from './ledger.js'
import { type Damage, openOutbox } from './open-outbox.js'
import { encodeRecord, type LastNumber, publicationOf, recordBytes } from './record.js'
import { type Drop, reportOf, sumOf } from './report.js'
import { findDroppable } from './room.js'
import { isUnreadable, OutboxHeldError, type Store, type StoreOperation } from './store.js'
import { createTimers } from './timers.js'
import type { DurableOutbox, DurableOutboxOptions } from './types.js'
import { createUnconfirmed } from './unconfirmed.js'

export function createDurableOutbox(options: DurableOutboxOptions): DurableOutbox {
  const { folder, clock, holdMs } = options
  const say = (line: string) => options.log('error', 'portwire:outbox', line)
  const lanes = createLanes(LIMITS.outboxLive)
  let queue: Arrival[] = []
  let store: Store | undefined
  let ledger: Ledger = createLedger({ head: 0, end: 0, over: new Set(), devices: new Map(), numbers: new Map() })
  let numbers = new Map<string, LastNumber>()
  let isConnected = false
  /** Positions below were stored before this connection began. */
  let historicalBelow = 0
  let isWorking = false
  let isClosing = false
  let isExpiryDue = false
  let isRemovalDue = false
  /** reject-new, and no room: reliable events wait. */
  let isFull = false
  let saidProblem: string | undefined
  let unreadableTries = 0
  let idle: (() => void) | undefined
  const dropped = { full: 0, ttl: 0, corrupt: 0 }
  /** Given up in the batch that is being written. */
  let given = { full: 0, ttl: 0 }
  let quarantined = 0
  let heldShort = 0
  const unconfirmed = createUnconfirmed(options)
  const timers = createTimers(clock)
  const { later } = timers

  const report = (drop: Drop) => reportOf(options.reportTopic, options.now().getTime(), drop)

  const reader = createBacklogReader({
    read: (from) => store!.read(from, ledger.end, LIMITS.outboxReadRecords),
    isOver: (position) => ledger.isOver(position),
    lanes,
    ready: options.ready,
    failed: (error) => void fail(error),
  })

  const open = async () => {
    if (isClosing) return
    try {
      const sayLost = (count: number) => report({ reason: 'corrupt', device: undefined, count })
      const opened = await openOutbox(folder, sayLost, unreadableTries)
      unreadableTries = 0
      store = opened.store
      ledger = createLedger(opened.inventory)
      numbers = new Map(opened.inventory.numbers)
      restartLanes()
      saidProblem = undefined
      if (opened.damage) sayDamage(opened.damage)
      else options.alarm({ state: 'ok' })
    } catch (error) {
      if (error instanceof OutboxHeldError) throw error
      unreadableTries = isUnreadable(error) ? unreadableTries + 1 : 0
      unavailable(error as Error)
    }
    void work()
    options.ready()
  }

  const sayDamage = ({ problem, lost, aside }: Damage) => {
    quarantined += 1
    dropped.corrupt += lost
    say(`the outbox was damaged (${problem}): ${lost} events are lost, it was put aside as ${aside}`)
    options.alarm({ state: 'quarantined', problem, lost, aside })
  }

  const unavailable = (error: Error) => {
    if (saidProblem !== error.message) {
      saidProblem = error.message
      say(`the outbox cannot be used: ${error.message}; devices keep their events meanwhile`)
      options.alarm({ state: 'unavailable', problem: error.message })
    }
    later('reopen', LIMITS.outboxReopenMs, () => {
      open().catch((error: unknown) => unavailable(error as Error))
    })
  }

  /** LevelDB refuses to write after a write that failed, so it is opened anew; what the batch held may be there then. */
  const fail = async (error: Error) => {
    const failed = store
    if (!failed) return
    store = undefined
    await failed.close().catch(() => {})
    unavailable(error)
  }

  const restartLanes = () => {
    for (const [position, event] of lanes.taken) {
      if (event.place === 'held' && ledger.isOver(position)) lanes.forget(position)
    }
    lanes.restart(ledger.head, counts())
    historicalBelow = ledger.end
    reader.restart()
    if (isConnected) reader.fill()
  }

  const counts = () => [...ledger.devices].map(([device, { events }]) => [device, events] as const)

  const work = async () => {
    if (isWorking) return
    isWorking = true
    try {
      while (store && hasWork()) await step(store)
    } catch (error) {
      await fail(error as Error)
    }
    isWorking = false
    if (ledger.removals > 0 && store) later('remove', LIMITS.outboxRemoveMs, removeNow)
    idle?.()
  }

  const hasWork = () => (queue.length > 0 && !isFull) || isExpiryDue || (isRemovalDue && ledger.removals > 0)

  const removeNow = () => {
    isRemovalDue = true
    void work()
  }

  const step = async (db: Store) => {
    const drops: Drop[] = []
    given = { full: 0, ttl: 0 }
    if (isExpiryDue) {
      isExpiryDue = false
      const oldestMs = options.now().getTime() - options.ttlMs
      drops.push(...(await drop(db, 'ttl', (atMs) => atMs >= oldestMs)))
      // There may be more than are looked at together.
      isExpiryDue = drops.length > 0
    }
    const next = nextArrivals(queue, LIMITS.outboxBatch, numbers)
    const fitting = await makeRoom(db, next.batch, drops)
    const { end } = ledger
    const records = [...fitting.map(({ record }) => record), ...drops.map(report)]
    const values = records.map((record, at) => encodeRecord(end + at, record))
    // What is dropped goes together with the word about it.
    const removals = ledger.takeRemovals(drops.length > 0 ? Number.POSITIVE_INFINITY : LIMITS.outboxRemovals)
    if (ledger.removals === 0) isRemovalDue = false
    if (values.length > 0 || removals.length > 0) {
      const mark = { head: ledger.head, end: end + values.length }
      const operations: StoreOperation[] = [
        ...values.map((value, at) => ({ kind: 'put', position: end + at, value }) as const),
        ...lastNumbers(fitting).map(([device, last]) => ({ kind: 'number', device, last }) as const),
        ...removals,
        { kind: 'mark', mark },
      ]
      await db.write(operations, values.length > 0)
      folder.writeMark(mark)
    }
    for (const reason of ['full', 'ttl'] as const) dropped[reason] += given[reason]
    given = { full: 0, ttl: 0 }
    for (const [device, last] of lastNumbers(fitting)) numbers.set(device, last)
    // One that came again may be the copy of one that there was no room for.
    const again = next.again.filter(({ record, reliable }) => isStored(numbers.get(record.device), reliable!.last))
    const finished = new Set([...fitting, ...again])
    queue = queue.filter((arrival) => !finished.has(arrival))
    for (const [at, record] of records.entries()) {
      const bytes = values[at]!.length
      ledger.add(record.device, bytes)
      lanes.stored({ position: end + at, bytes, record }, isConnected && bytes <= LIMITS.outboxLiveBytes)
    }
    for (const { reliable } of finished) reliable?.stored()
    if (isConnected) reader.fill()
    options.ready()
  }

  /** What of the batch there is room for; older events make it, or newer ones have to wait. */
  const makeRoom = async (db: Store, batch: readonly Arrival[], drops: Drop[]): Promise<readonly Arrival[]> => {
    const wanted = batch.reduce((sum, { record }) => sum + recordBytes(record), 0)
    let excess = ledger.bytes + wanted - options.maxBytes
    if (excess <= 0 || batch.length === 0) return batch
    if (options.onFull === 'drop-oldest') {
      let freed = 0
      const enough = Math.max(excess, options.maxBytes * LIMITS.outboxTrimPart)
      const isEnough = (_atMs: number, bytes: number) => {
        if (freed >= enough) return true
        freed += bytes
        return false
      }
      drops.push(...(await drop(db, 'full', isEnough)))
      return batch
    }
    const fitting = [...batch]
    while (excess > 0 && fitting.length > 0) excess -= recordBytes(fitting.pop()!.record)
    isFull = fitting.length < batch.length
    if (isFull) rejectPlain(new Set(fitting))
    return fitting
  }

  const rejectPlain = (kept: ReadonlySet<Arrival>) => {
    queue = queue.filter((arrival) => {
      if (arrival.reliable || kept.has(arrival)) return true
      reject(arrival.record.device)
      return false
    })
  }

  const reject = (device: string) => {
    dropped.full += 1
    options.rejected(device)
  }

  /** Gives up the oldest until `isEnough`. */
  const drop = async (
    db: Store,
    reason: 'full' | 'ttl',
    isEnough: (atMs: number, bytes: number) => boolean,
  ): Promise<Drop[]> => {
    const found = await findDroppable(db, ledger, lanes.taken, isEnough)
    // It may have been read, or acknowledged, while others were looked at.
    const gone = found.filter(({ position }) => !ledger.isOver(position) && !lanes.taken.has(position))
    for (const { position, bytes, record } of gone) {
      ledger.remove(position, record.device, bytes)
      lanes.dropped(record.device)
    }
    isFull = false
    const { drops, events } = sumOf(
      gone.map(({ record }) => record),
      reason,
    )
    given[reason] += events
    return drops
  }

  const remove = (position: number) => {
    const event = lanes.taken.get(position)!
    lanes.forget(position)
    ledger.remove(position, event.device, event.bytes)
    isFull = false
    if (ledger.removals >= LIMITS.outboxRemovals) removeNow()
    else if (queue.length > 0) void work()
    else later('remove', LIMITS.outboxRemoveMs, removeNow)
  }

  /** The broker is believed to have it. */
  const release = (position: number, ackedAtMs: number) => {
    unconfirmed.released(ackedAtMs)
    remove(position)
  }

  const releaseNow = () => {
    const { held, short } = releaseHeld(lanes, { holdMs, nowMs: clock.nowMs(), release })
    heldShort += short
    if (held > 0) later('hold', Math.max(1, holdMs / 10), releaseNow)
  }

  const expire = () => {
    isExpiryDue = true
    void work()
    later('expiry', LIMITS.outboxExpiryMs, expire)
  }
  if (options.ttlMs !== Number.POSITIVE_INFINITY) later('expiry', LIMITS.outboxExpiryMs, expire)

  const started = open()
  const arrive = (arrival: Arrival) => {
    queue.push(arrival)
    void work()
  }

  return {
    started,
    append(record) {
      if (isFull || queue.length >= LIMITS.outboxWaiting) return reject(record.device)
      arrive({ record })
    },
    store: (record, last) => new Promise((stored) => arrive({ record, reliable: { last, stored } })),
    take(lane) {
      if (!isConnected || !store) return undefined
      const event = lanes.take(lane)
      if (lane === 'backlog') reader.fill()
      return (
        event && {
          position: event.position,
          publication: publicationOf(event.record, event.position < historicalBelow),
        }
      )
    },
    acknowledge(position) {
      const event = lanes.taken.get(position)
      // Of a connection, or an opening of the database, that is over.
      if (!isConnected || event?.place !== 'sent') return
      const nowMs = clock.nowMs()
      unconfirmed.acknowledged(nowMs)
      if (holdMs === 0) return release(position, nowMs)
      lanes.hold(position, nowMs)
      later('hold', holdMs / 10, releaseNow)
    },
    connected() {
      isConnected = true
      if (store) restartLanes()
      if (holdMs === 0) return
      later('replay', LIMITS.outboxReplayMs, () => {
        lanes.replay()
        reader.restart()
        reader.fill()
        releaseNow()
      })
    },
    disconnected() {
      isConnected = false
      timers.cancel('replay')
      releaseNow()
      unconfirmed.connectionLost(clock.nowMs())
      lanes.owe()
      reader.restart()
    },
    get info() {
      const { events, bytes } = ledger
      const soFar = { dropped, quarantined, heldShort, unconfirmed: unconfirmed.count }
      return { isOpen: store !== undefined, events, bytes, waiting: queue.length, ...soFar }
    },
    async close() {
      isClosing = true
      timers.close()
      await started.catch(() => {})
      isRemovalDue = true
      void work()
      if (isWorking) {
        await new Promise<void>((resolve) => {
          idle = resolve
        })
      }
      const last = store
      store = undefined
      await last?.close().catch(() => {})
      await folder.release().catch(() => {})
    },
  }
}
