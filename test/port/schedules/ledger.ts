/** What was promised in a schedule and what must hold at its end. */

import { CallError, type Outcome, PortwireError } from '../../../src/index.js'

/** In which sessions of the peer each call that carried an id ran. */
export type Executions = ReadonlyMap<number, readonly number[]>

export interface Ledger {
  /** A promise that somebody was given: it has to settle, and nobody may have to catch it. */
  owe(what: string, promise: Promise<unknown>): void
  /** A call that carries `id` to the peer; resolves with the answer, or with undefined when it failed as it may. */
  call<T>(id: number, what: string, timeoutMs: number, promise: Promise<T>): Promise<T | undefined>
  /** Runs what may throw a typed error, and nothing else. */
  attempt<T>(what: string, run: () => T): T | undefined
  /** A typed error is how things fail here; anything else is a fault. */
  failed(what: string, error: unknown): void
  problem(text: string): void
  nextId(): number
  /** Compares what was said of each call with how often the peer ran it. */
  checkOutcomes(executions: Executions, idempotent: boolean): void
  readonly problems: string[]
  readonly unsettled: string[]
  readonly counts: { promises: number; calls: number; answered: number }
}

export function createLedger(nowMs: () => number, isExact: boolean): Ledger {
  const problems: string[] = []
  const open = new Map<number, string>()
  const said = new Map<number, { readonly what: string; outcome: Outcome }>()
  const counts = { promises: 0, calls: 0, answered: 0 }
  let ids = 0

  const owe = (what: string, promise: Promise<unknown>) => {
    counts.promises += 1
    const key = counts.promises
    open.set(key, what)
    const done = () => void open.delete(key)
    promise.then(done, done)
  }
  const failed = (what: string, error: unknown) => {
    if (!(error instanceof PortwireError)) problems.push(`${what} failed with ${describe(error)}`)
  }
  return {
    problems,
    get unsettled() {
      return [...open.values()]
    },
    counts,
    owe,
    failed,
    problem: (text) => void problems.push(text),
    nextId: () => ++ids,
    attempt(what, run) {
      try {
        return run()
      } catch (error) {
        failed(what, error)
        return undefined
      }
    },
    call(id, what, timeoutMs, promise) {
      counts.calls += 1
      const fromMs = nowMs()
      const ended = promise.then(
        (answer) => {
          counts.answered += 1
          said.set(id, { what, outcome: 'yes' })
          return answer
        },
        (error) => {
          failed(what, error)
          const outcome = (error as { readonly outcome?: Outcome }).outcome ?? (isRefusal(error) ? 'no' : 'unknown')
          const entry = { what: `${what} (${error?.code})`, outcome }
          said.set(id, entry)
          if (error instanceof CallError) {
            const final = error.finalOutcome.then((last) => {
              if (outcome !== 'unknown' && last !== outcome) problems.push(`${what}: first ${outcome}, then ${last}`)
              entry.outcome = last
            })
            owe(`final outcome of ${what}`, final)
          }
          return undefined
        },
      )
      const inTime = ended.then((answer) => {
        const tookMs = nowMs() - fromMs
        if (isExact && tookMs > timeoutMs + 1) problems.push(`${what} ended after ${tookMs} ms, not ${timeoutMs}`)
        return answer
      })
      owe(what, inTime)
      return inTime
    },
    checkOutcomes(executions, idempotent) {
      for (const [id, sessions] of executions) {
        const allowed = idempotent ? new Set(sessions).size : 1
        if (sessions.length > allowed) problems.push(`call ${id} ran in the sessions ${sessions.join(', ')}`)
      }
      for (const [id, { what, outcome }] of said) {
        const ran = executions.has(id)
        if (outcome === 'no' && ran) problems.push(`${what}: told as never run, but it ran`)
        if (outcome === 'yes' && !ran) problems.push(`${what}: told as run, but it did not`)
      }
    },
  }
}

/** Errors that are raised before anything is sent. */
function isRefusal(error: unknown): boolean {
  return (
    error instanceof PortwireError &&
    (error.code === 'ARGUMENT_INVALID' || error.code === 'QUEUE_FULL' || error.code === 'TOO_LARGE')
  )
}

export function describe(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error)
}
