/** One random schedule of a supervised group: its boards reset, hang, lose their cables, its ports are restarted, over noisy lines;
 * then quiet, in which all of it has to run again. The same seed gives the same schedule. */

import { child, supervise } from '../../src/index.js'
import { createLine, type Line, type NoiseOptions } from '../../src/testing/line/index.js'
import { seeded } from '../../src/testing/seeded.js'
import { createVirtualClock } from '../../src/testing/virtual-clock.js'
import { type Host, send } from './callers.js'
import { checker } from './checker.contract.js'
import { type CheckerChip, createCppChip, createTypeScriptChip } from './checker-chip.js'
import { createMortalClock } from './host.js'
import { createLedger } from './ledger.js'

export interface GroupScheduleOptions {
  readonly seed: number
  readonly device: 'TypeScript' | 'C++'
}

export interface GroupScheduleResult {
  readonly violations: readonly string[]
  readonly calls: number
  readonly executed: number
  readonly restarts: number
}

const CHILDREN = 3
const MAX_STEPS = 100
/** Longer than the slow pace of a group that has failed, and what it takes to start its children one after the other. */
const QUIET_MS = 400_000
const NOISE: readonly NoiseOptions[] = [{}, { bitErrorRate: 1e-4 }, { lossRate: 0.02 }]

interface Member {
  readonly chip: CheckerChip
  readonly line: Line
  readonly ledger: ReturnType<typeof createLedger>
}

export async function runGroupSchedule({ seed, device }: GroupScheduleOptions): Promise<GroupScheduleResult> {
  const random = seeded(seed)
  const int = (below: number) => Math.floor(random() * below)
  const pick = <T>(of: readonly T[]): T => of[int(of.length)]!
  const clock = createVirtualClock({ quietTurns: 1 })
  const violations: string[] = []
  const strategy = pick(['one_for_one', 'rest_for_one', 'one_for_all'] as const)
  const none = () => {}
  const members = Array.from({ length: CHILDREN }, (): Member => {
    const ledger = createLedger()
    const witness = { ran: ledger.ran, noted: none, counted: none, answered: none, booted: none, overrun: none }
    const make = device === 'C++' ? createCppChip : createTypeScriptChip
    const chip = make({ clock, random, witness, window: pick([1, 4]), bootMs: pick([0, 300]) })
    const noise = pick(NOISE)
    return { chip, ledger, line: createLine({ board: chip, clock, random, toDevice: noise, toHost: noise }) }
  })
  const isTakenAlong = (index: number, ended: number) =>
    strategy === 'one_for_all' ? index !== ended : strategy === 'rest_for_one' && index > ended

  const group = supervise({
    strategy,
    clock,
    random,
    children: members.map(({ line }, index) =>
      child(checker, {
        link: {
          ...line.connector,
          connect(handlers) {
            const before = group.ports.slice(0, index).findIndex((port) => port.info().state !== 'running')
            if (strategy !== 'one_for_one' && before >= 0) {
              violations.push(`${strategy}: child ${index} was started while child ${before} did not run`)
            }
            return line.connector.connect(handlers)
          },
        },
      }),
    ),
  })
  const hosts = group.ports.map((port): Host => ({ port, clock: createMortalClock(clock), pending: new Set() }))
  /** By child: who has to have another session before it may run again. */
  const taken = members.map(() => [] as { readonly index: number; readonly session: number }[])
  const wasRunning = members.map(() => false)
  for (const [ended, port] of group.ports.entries()) {
    port.watch((notice) => {
      if (notice.kind !== 'state') return
      const runs = notice.state === 'running'
      if (runs) {
        for (const { index, session } of taken[ended]!.splice(0)) {
          const { state, session: now } = group.ports[index]!.info()
          if (state === 'running' && now === session) {
            violations.push(`${strategy}: child ${index} went on though child ${ended} had ended`)
          }
        }
      } else if (wasRunning[ended] && notice.state !== 'closed') {
        for (const [index, other] of group.ports.entries()) {
          if (!wasRunning[index] || !isTakenAlong(index, ended)) continue
          taken[ended]!.push({ index, session: other.info().session })
        }
      }
      wasRunning[ended] = runs
    })
  }
  let nextId = 1
  const call = (which: number, timeoutMs: number) =>
    send(hosts[which]!, pick(['add', 'put']), nextId++, timeoutMs, 8, members[which]!.ledger, {
      emergency: random() < 0.1,
    })
  const disturb = () => {
    const which = int(CHILDREN)
    const { chip, line } = members[which]!
    switch (int(5)) {
      case 0:
        return chip.reset(pick(['external', 'watchdog']))
      case 1:
        line.unplug(pick(['off', 'own']))
        return void clock.after(int(3_000), () => line.plug())
      case 2:
        return line.toHost.stall(int(6_000))
      case 3:
        return chip.hang(int(6_000))
      case 4:
        return void group.ports[which]!.restart().catch(none)
    }
  }
  let calls = 0
  for (let steps = 1 + int(MAX_STEPS); steps > 0; steps--) {
    for (let burst = int(3); burst > 0; burst--) {
      calls += 1
      void call(int(CHILDREN), pick([200, 5_000, 30_000]))
    }
    if (random() < 0.2) disturb()
    await clock.advance(pick([0, 1, 20, 100, 1_000]))
  }
  for (const { line } of members) {
    line.toDevice.noise.silence()
    line.toHost.noise.silence()
  }
  const untilMs = clock.nowMs() + QUIET_MS
  while (group.state !== 'running' && clock.nowMs() < untilMs) await clock.advance(1_000)
  if (group.state !== 'running') violations.push(`the group does not run again: ${group.state}`)
  await clock.until(Promise.all(hosts.flatMap(({ pending }) => [...pending])), QUIET_MS).catch(() => {
    violations.push('calls have not ended')
  })
  for (const which of members.keys()) {
    // A reset that is not known yet costs the call that finds it out.
    let isLively = false
    for (let attempt = 0; attempt < 3 && !isLively; attempt++) {
      const id = nextId
      await clock.until(call(which, 100_000), QUIET_MS)
      isLively = members[which]!.ledger.endedWell(id)
    }
    if (!isLively) violations.push(`no call gets through to child ${which}`)
  }
  const restarts = group.ports.reduce((sum, port) => sum + port.info().restarts, 0)
  await clock.until(group.close())
  for (const [index, port] of group.ports.entries()) {
    if (port.info().state !== 'closed') violations.push(`child ${index} is ${port.info().state} in a closed group`)
  }
  for (const { line, ledger } of members) {
    line.unplug()
    violations.push(...ledger.violations)
  }
  const executed = members.reduce((sum, { ledger }) => sum + ledger.executed, 0)
  return { violations, calls, executed, restarts }
}
