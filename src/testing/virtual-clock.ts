/**
 * A clock that only moves when nothing is left to do: host timers and emulated boards share one virtual time. Between
 * two things that happen, the host gets the event loop for as long as it reacts, so that it reacts in no virtual time.
 */

import type { CancelTimer, Clock } from '../clock.js'

/** Something that lives in virtual time beside the host's timers: an emulated board. */
export interface Runner {
  /** Told once, when it joins: what the clock shows at that moment, ms. */
  attached?(nowMs: number): void
  /**
   * The earliest moment, ms, at which it could do something that others notice; undefined: never, unless told to.
   * Too early is allowed and costs time, too late is not. Asked only where several run side by side.
   */
  nextEventMs(): number | undefined
  /** Runs to `limitMs`, or stops at once when it did something that the host should see; then it answers true. */
  runTo(limitMs: number): boolean
  /** How far it came, ms. */
  reachedMs(): number
}

export interface VirtualClockOptions {
  /** Turns of the event loop without a new timer after which the host counts as settled; default 2. */
  quietTurns?: number
}

export interface VirtualClock extends Clock {
  /** Lets this much virtual time pass, with all that happens in it. Rejects with what a timer threw. */
  advance(ms: number): Promise<void>
  /**
   * Lets virtual time pass until the promise settles, and answers what it answers. Time stands still afterwards.
   * @param limitMs  virtual milliseconds; default 60,000. When they have passed it rejects and says so.
   */
  until<T>(promise: Promise<T>, limitMs?: number): Promise<T>
  /** Lets the host react to what has happened, without time passing. */
  settle(): Promise<void>
  /** Lets a board take part. The returned function takes it out again. */
  attach(runner: Runner): () => void
}

interface Timer {
  readonly dueMs: number
  readonly run: () => void
}

/** What somebody waits for: a moment, or a promise and at most a moment. */
interface Goal {
  readonly deadlineMs: number
  settled(): boolean
  finish(): void
  fail(error: unknown): void
}

/** Virtual time that boards may run before real I/O gets a turn; it changes no result. */
const SLICE_MS = 20

/** Where there is neither board nor timer, real I/O gets some hundred turns before the wait is over. */
const EMPTY_SLICE_SHARE = 1 / 64

/** A step for boards that announce an event for a moment that has passed: one instruction or two. */
const SHORTEST_STEP_MS = 0.000_25

const DEFAULT_LIMIT_MS = 60_000

/** A virtual clock that starts at 0 ms. Deterministic: the same calls give the same order of events. */
export function createVirtualClock(options: VirtualClockOptions = {}): VirtualClock {
  const quietTurns = options.quietTurns ?? 2
  const timers: Timer[] = [] // by due time, then by age
  const runners: Runner[] = []
  const goals = new Set<Goal>()
  let nowMs = 0
  let driving = false
  let activity = 0

  function after(delayMs: number, run: () => void): CancelTimer {
    const timer: Timer = { dueMs: nowMs + Math.max(0, delayMs || 0), run }
    let low = 0
    let high = timers.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (timers[middle]!.dueMs <= timer.dueMs) low = middle + 1
      else high = middle
    }
    timers.splice(low, 0, timer)
    activity++
    return () => {
      const index = timers.indexOf(timer)
      if (index >= 0) timers.splice(index, 1)
    }
  }

  async function settle(): Promise<void> {
    let quiet = 0
    while (quiet < quietTurns) {
      const before = activity
      await new Promise((resolve) => setImmediate(resolve))
      quiet = activity === before ? quiet + 1 : 0
    }
  }

  /** Runs all boards up to `limitMs`; true when one of them did something that the host should see. */
  function runBoards(limitMs: number): boolean {
    const only = runners.length === 1 ? runners[0]! : undefined
    if (only !== undefined) {
      const noticed = only.runTo(limitMs)
      nowMs = noticed ? Math.min(limitMs, Math.max(nowMs, only.reachedMs())) : limitMs
      return noticed
    }
    // None runs past the moment at which another could first be heard, so the order in which they run is invisible.
    while (nowMs < limitMs) {
      let horizonMs = limitMs
      for (const runner of runners) horizonMs = Math.min(horizonMs, runner.nextEventMs() ?? limitMs)
      if (horizonMs <= nowMs) horizonMs = Math.min(limitMs, nowMs + SHORTEST_STEP_MS)
      let noticed = false
      for (const runner of runners) if (runner.runTo(horizonMs)) noticed = true
      nowMs = horizonMs
      if (noticed) return true
    }
    return false
  }

  function settledGoals(): boolean {
    let any = false
    for (const goal of goals) {
      // Time is over when everything that is due by then has run.
      const isOver = nowMs >= goal.deadlineMs && !(timers[0] && timers[0].dueMs <= nowMs)
      if (!goal.settled() && !isOver) continue
      goals.delete(goal)
      goal.finish()
      any = true
    }
    return any
  }

  async function drive(): Promise<void> {
    driving = true
    try {
      await settle()
      while (goals.size > 0) {
        if (settledGoals()) {
          await settle()
          continue
        }
        const next = timers[0]
        let limitMs = next?.dueMs ?? Number.POSITIVE_INFINITY
        for (const goal of goals) limitMs = Math.min(limitMs, goal.deadlineMs)
        if (runners.length > 0) limitMs = Math.min(limitMs, nowMs + SLICE_MS)
        else if (next === undefined) {
          limitMs = Math.min(limitMs, nowMs + Math.max(SLICE_MS, (limitMs - nowMs) * EMPTY_SLICE_SHARE))
        }
        if (runners.length === 0) nowMs = limitMs
        else if (limitMs > nowMs && runBoards(limitMs)) {
          await settle()
          continue
        }
        if (next !== undefined && next.dueMs <= nowMs) {
          timers.shift()
          next.run()
          await settle()
        } else await new Promise((resolve) => setImmediate(resolve))
      }
    } catch (error) {
      for (const goal of goals) goal.fail(error)
      goals.clear()
    } finally {
      driving = false
    }
  }

  function pursue(goal: Goal): void {
    goals.add(goal)
    if (!driving) void drive()
  }

  return {
    nowMs: () => nowMs,
    after,
    settle,
    advance(ms) {
      return new Promise<void>((resolve, reject) => {
        const deadlineMs = nowMs + ms
        pursue({ deadlineMs, settled: () => false, finish: resolve, fail: reject })
      })
    },
    until<T>(promise: Promise<T>, limitMs = DEFAULT_LIMIT_MS): Promise<T> {
      let settled = false
      const mark = () => {
        settled = true
      }
      promise.then(mark, mark)
      return new Promise<T>((resolve, reject) => {
        const finish = () => {
          if (settled) resolve(promise)
          else reject(new Error(`The promise did not settle within ${limitMs} virtual ms (${waiting()}).`))
        }
        pursue({ deadlineMs: nowMs + limitMs, settled: () => settled, finish, fail: reject })
      })
    },
    attach(runner) {
      runners.push(runner)
      activity++
      runner.attached?.(nowMs)
      return () => {
        const index = runners.indexOf(runner)
        if (index >= 0) runners.splice(index, 1)
      }
    },
  }

  function waiting(): string {
    return `${timers.length} timers and ${runners.length} boards are on the clock, which shows ${nowMs} ms`
  }
}
