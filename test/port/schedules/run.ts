/** Runs one schedule and says everything that is wrong with how it ended. */

import { isDeepStrictEqual } from 'node:util'
import { createLedger, describe, type Ledger } from './ledger.js'
import { createStage, type Stage } from './perform.js'
import type { Schedule } from './plan.js'
import type { WorldKind } from './world.js'

export interface Verdict {
  readonly problems: readonly string[]
  readonly counts: Ledger['counts']
}

export async function runSchedule(kind: WorldKind, schedule: Schedule): Promise<Verdict> {
  let ledger!: Ledger
  const world = await kind.make(schedule, () => ledger)
  ledger = createLedger(world.clock.nowMs, kind.isVirtual)
  const stage = createStage(world, schedule, ledger)
  const stopHearing = hearUncaught(ledger)
  try {
    stage.open()
    for (const { act, n, pauseMs } of schedule.steps) {
      stage.perform(act, n)
      if (pauseMs > 0) await world.pass(pauseMs)
      else if (n % 2) await world.pass(0)
    }
    stage.forgetAll()
    await closeAll()
    if (world.executions) ledger.checkOutcomes(world.executions, schedule.idempotent)
  } finally {
    await world.pass(0)
    stopHearing()
    await world.stop()
  }
  return { problems: ledger.problems, counts: ledger.counts }

  async function close(port: Stage['ports'][number]): Promise<void> {
    const exits = Promise.all([port.close(), port.close(), port.exited])
    if (!(await world.settles(exits))) return ledger.problem(`close() hangs in state ${port.info().state}`)
    const [first, second, exited] = await exits
    if (!isDeepStrictEqual(first, second) || !isDeepStrictEqual(first, exited))
      ledger.problem(`close() and exited do not agree: ${JSON.stringify([first, second, exited])}`)
    const { state, waitingCalls, unansweredCalls } = port.info()
    if (state !== 'closed' || waitingCalls + unansweredCalls > 0)
      ledger.problem(`a closed port: ${JSON.stringify({ state, waitingCalls, unansweredCalls })}`)
  }

  async function closeAll(): Promise<void> {
    for (const port of stage.ports) await close(port)
    // A start that was under way is waited for; the port that comes of it is closed too.
    const closed = stage.ports.length
    if (ledger.unsettled.includes('open')) await world.settles(stage.opened())
    for (const port of stage.ports.slice(closed)) await close(port)
    await world.pass(0)
    for (const what of ledger.unsettled) ledger.problem(`never settled: ${what}`)
    stage.over()
    for (const what of [...stage.held(), ...(await world.left())]) ledger.problem(`left behind: ${what}`)
  }
}

/** What nobody catches is a fault of the port: whoever was given a promise has caught it. */
function hearUncaught(ledger: Ledger): () => void {
  const events = ['unhandledRejection', 'uncaughtException'] as const
  const before = events.map((event) => process.listeners(event as 'uncaughtException'))
  const hear = (error: unknown) => ledger.problem(`nobody caught ${describe(error)}`)
  for (const event of events) {
    process.removeAllListeners(event)
    process.on(event as 'uncaughtException', hear)
  }
  return () => {
    for (const [i, event] of events.entries()) {
      process.removeAllListeners(event)
      for (const listener of before[i]!) process.on(event as 'uncaughtException', listener)
    }
  }
}
