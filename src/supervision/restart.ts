/** When to start a port again: OTP's restart types and intensity, and the backoff with full jitter that OTP lacks. */

import type { Clock, Random } from '../clock.js'
import { type ErrorCode, PortwireError } from '../errors.js'
import { type Exit, isNormalExit } from '../exit.js'
import type { RestartDecision, RestartStrategy } from '../port/index.js'

/** OTP's words. permanent: always started again; transient: only after an abnormal exit; temporary: never. */
export type RestartType = 'permanent' | 'transient' | 'temporary'

export interface RestartOptions {
  /** Default permanent. */
  readonly type?: RestartType
  /** First pause at most this long, doubling. Default 250. */
  readonly firstMs?: number
  /** The pause never grows beyond; where both are given, at least `firstMs`. Default 30,000. */
  readonly maxMs?: number
  /** full: the pause is drawn evenly from 0 to what the backoff has come to, so that many do not start together. none: it is that.
   * Default full. */
  readonly jitter?: 'full' | 'none'
  /** More restarts than this inside the period: failed. Default 5. */
  readonly intensity?: number
  /** Default 30,000. */
  readonly periodMs?: number
  /** Pause between tries once failed; Infinity: it stays failed until the device appears anew. Default 60,000. */
  readonly retryFailedMs?: number
  /** A session that ran so long starts the backoff anew. Default 60,000. */
  readonly healthyMs?: number
}

export const RESTART_DEFAULTS = {
  type: 'permanent',
  firstMs: 250,
  maxMs: 30_000,
  jitter: 'full',
  intensity: 5,
  periodMs: 30_000,
  retryFailedMs: 60_000,
  healthyMs: 60_000,
} as const satisfies Required<RestartOptions>

/** Full jitter: a pause drawn evenly from 0 to min(max, first * 2^attempt).
 * Source: "Exponential Backoff And Jitter", AWS Architecture Blog, 2015. */
export function backoffMs(attempt: number, firstMs: number, maxMs: number, random: Random): number {
  return random() * Math.min(maxMs, firstMs * 2 ** Math.min(attempt, 30))
}

/** OTP's rule: one restart more than `intensity` inside the period, its edge included, and the supervisor gives up.
 * Source: add_restart in OTP's stdlib/supervisor.erl. */
export function recordRestart(
  restartsAtMs: readonly number[],
  nowMs: number,
  limit: { readonly intensity: number; readonly periodMs: number },
): { readonly verdict: 'restart' | 'give-up'; readonly restartsAtMs: readonly number[] } {
  const recent = [...restartsAtMs.filter((atMs) => nowMs - atMs <= limit.periodMs), nowMs]
  return { verdict: recent.length > limit.intensity ? 'give-up' : 'restart', restartsAtMs: recent }
}

const ABSENT: ReadonlySet<ErrorCode> = new Set(['PORT_NOT_FOUND', 'PORT_AMBIGUOUS', 'PORT_BUSY', 'PERMISSION_DENIED'])

/** True when there was nothing to start: no such device now, or another holds it. */
export function isAbsent(exit: Exit): boolean {
  if (exit.kind !== 'failed') return false
  return ABSENT.has(exit.error.code)
}

const TYPES: readonly unknown[] = ['permanent', 'transient', 'temporary'] satisfies RestartType[]
const JITTERS: readonly unknown[] = ['full', 'none']
const NUMBERS = ['firstMs', 'maxMs', 'intensity', 'periodMs', 'retryFailedMs', 'healthyMs'] as const

/** The options with their defaults.
 * @throws ARGUMENT_INVALID  naming the option */
function checkedOptions(options: RestartOptions): Required<RestartOptions> {
  if (typeof options !== 'object') throw wrong(`: ${String(options)} is not an object of options`)
  const { type = RESTART_DEFAULTS.type, jitter = RESTART_DEFAULTS.jitter, firstMs, maxMs } = options
  if (!TYPES.includes(type)) throw wrong(`.type: ${String(type)} is not one of ${TYPES.join(', ')}`)
  if (!JITTERS.includes(jitter)) throw wrong(`.jitter: ${String(jitter)} is not one of ${JITTERS.join(', ')}`)
  const checked: Record<(typeof NUMBERS)[number], number> = { ...RESTART_DEFAULTS }
  for (const name of NUMBERS) {
    const value = options[name]
    if (value === undefined) continue
    // Without end only where that means something: no limit of restarts, no further try.
    const mayBeEndless = name === 'intensity' || name === 'retryFailedMs'
    const isNumber = Number.isFinite(value) || (mayBeEndless && value === Number.POSITIVE_INFINITY)
    if (!isNumber || value < 0) throw wrong(`.${name}: ${String(value)} is not a number from 0`)
    checked[name] = value
  }
  if (firstMs !== undefined && maxMs !== undefined && maxMs < firstMs) {
    throw wrong(`.maxMs: ${maxMs} is less than firstMs, ${firstMs}`)
  }
  return { ...checked, type, jitter }
}

function wrong(what: string): PortwireError {
  return new PortwireError('ARGUMENT_INVALID', `restart${what}`)
}

/** The restart strategy of one port. It holds state: make one for each port.
 * @throws ARGUMENT_INVALID  naming the option */
export function createRestartStrategy(options: RestartOptions, clock: Clock, random: Random): RestartStrategy {
  const o = checkedOptions(options)
  const draw: Random = o.jitter === 'none' ? () => 1 : random
  let attempt = 0
  let absentAttempt = 0
  let failed = false
  let restartsAtMs: readonly number[] = []
  return {
    next(exit, ranMs): RestartDecision {
      if (exit.kind === 'shutdown') return { kind: 'restart', inMs: 0 } // asked for: no crash, whatever the type
      if (o.type === 'temporary' || (o.type === 'transient' && isNormalExit(exit))) return { kind: 'stop' }
      if (ranMs >= o.healthyMs) {
        attempt = 0
        restartsAtMs = []
        failed = false
      }
      // A device that is away has not crashed: it is waited for, however long.
      if (isAbsent(exit)) return { kind: 'restart', inMs: backoffMs(absentAttempt++, o.firstMs, o.maxMs, draw) }
      absentAttempt = 0
      if (failed) return { kind: 'failed', inMs: o.retryFailedMs }
      const recorded = recordRestart(restartsAtMs, clock.nowMs(), o)
      restartsAtMs = recorded.restartsAtMs
      if (recorded.verdict === 'give-up') {
        failed = true
        return { kind: 'failed', inMs: o.retryFailedMs }
      }
      return { kind: 'restart', inMs: backoffMs(attempt++, o.firstMs, o.maxMs, draw) }
    },
  }
}
