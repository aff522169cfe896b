/** The supervisor of several ports: tells each when it is its turn to start, and ends those that another takes along. */

import type { Clock, Random } from '../clock.js'
import { type Deferred, deferred } from '../deferred.js'
import type { Exit } from '../exit.js'
import type { PortState, RestartDecision, RestartStrategy } from '../port/index.js'
import { advance, type Children, type ChildState, crash, type GroupStrategy } from './group.js'
import { createSharedIntensity } from './intensity.js'
import { createRestartStrategy, isAbsent, RESTART_DEFAULTS, type RestartOptions } from './restart.js'

/** The part of a port that a supervisor deals with. */
export interface SupervisedPort {
  restart(): Promise<void>
  close(): Promise<Exit>
  readonly exited: Promise<Exit>
  watch(listener: (notice: { readonly kind: string; readonly state?: PortState }) => void): () => void
  info(): { readonly state: PortState }
}

/** Restart options of one child; intensity and period are the supervisor's. */
export type ChildRestartOptions = Omit<RestartOptions, 'intensity' | 'periodMs' | 'retryFailedMs'>

export interface SupervisorOptions {
  readonly strategy: GroupStrategy
  /** More restarts than this, of all children together, inside the period: failed. Default 5. */
  readonly intensity?: number
  /** Default 30,000. */
  readonly periodMs?: number
  /** Pause of a child between tries once failed. Default 60,000. */
  readonly retryFailedMs?: number
}

/** A child, and how to make its port. It is called once: the port lives through all restarts. */
export interface ChildSpec {
  readonly restart: ChildRestartOptions
  start(restart: RestartStrategy): SupervisedPort
}

/** `starting`: not all run, some are started or will be soon. `failed`: too many restarts, a child waits for its slow try. */
export type GroupState = 'starting' | 'running' | 'failed' | 'closed'

export interface Supervisor {
  readonly state: GroupState
  /** Closes the ports one after the other, the last started first. Idempotent. */
  close(): Promise<void>
}

/** Starts the children in order. @param changed told each state of the group that differs from the last */
export function createSupervisor(
  options: SupervisorOptions,
  specs: readonly ChildSpec[],
  clock: Clock,
  random: Random,
  changed: (state: GroupState) => void,
): Supervisor {
  const { strategy } = options
  const retryFailedMs = options.retryFailedMs ?? RESTART_DEFAULTS.retryFailedMs
  let children: Children = specs.map(() => 'new' as const)
  let closing: Promise<void> | undefined
  let last: GroupState = 'starting'
  const turns: Deferred<void>[] = specs.map(() => deferred<void>())
  const runningSinceMs: number[] = specs.map(() => Number.POSITIVE_INFINITY)
  const healthyMs = (index: number) => specs[index]!.restart.healthyMs ?? RESTART_DEFAULTS.healthyMs
  const intensity = createSharedIntensity({
    intensity: options.intensity ?? RESTART_DEFAULTS.intensity,
    periodMs: options.periodMs ?? RESTART_DEFAULTS.periodMs,
    isHealthy: (index) => clock.nowMs() - runningSinceMs[index]! >= healthyMs(index),
  })

  const set = (index: number, state: ChildState) => {
    children = children.with(index, state)
    if (state !== 'running') runningSinceMs[index] = Number.POSITIVE_INFINITY
  }
  const move = () => {
    if (closing) return
    const now = advance(strategy, children)
    children = now.children
    for (const { kind, index } of now.moves) {
      if (kind === 'start') turns[index]!.resolve()
      else {
        turns[index] = deferred()
        void ports[index]!.restart()
      }
    }
    report()
  }
  const stateNow = (): GroupState => {
    if (closing || children.every((state) => state === 'gone')) return 'closed'
    if (ports.some((port) => port.info().state === 'failed')) return 'failed'
    return children.every((state) => state === 'running' || state === 'gone') ? 'running' : 'starting'
  }
  const report = () => {
    const now = stateNow()
    if (now === last) return
    last = now
    changed(now)
  }

  /** A child has ended: by its own strategy, but with the intensity of the group. */
  const decide = (index: number, own: RestartStrategy, exit: Exit, ranMs: number): RestartDecision => {
    const wasTold = children[index] === 'stopping' || children[index] === 'doomed'
    turns[index] = deferred()
    if (wasTold) {
      // Ended because of another. OTP: a temporary child is never started again, also then.
      if (specs[index]!.restart.type === 'temporary') return { kind: 'stop' }
      set(index, 'stopping')
      return { kind: 'restart', inMs: 0, freshLink: true }
    }
    const decision = own.next(exit, ranMs)
    if (decision.kind === 'stop') return decision
    const isCounted = exit.kind !== 'shutdown' && !isAbsent(exit)
    const verdict = isCounted ? intensity.record(index, clock.nowMs()) : 'restart'
    children = crash(strategy, children, index)
    runningSinceMs[index] = Number.POSITIVE_INFINITY
    queueMicrotask(move) // after this port has dealt with its own end
    if (verdict === 'give-up') return { kind: 'failed', inMs: retryFailedMs }
    return { kind: 'restart', inMs: decision.inMs, ...(strategy === 'one_for_one' ? {} : { freshLink: true }) }
  }

  const supervised = ({ restart, start }: ChildSpec, index: number): SupervisedPort => {
    const own = createRestartStrategy({ ...restart, intensity: Number.POSITIVE_INFINITY }, clock, random)
    return start({
      next: (exit, ranMs) => decide(index, own, exit, ranMs),
      turn() {
        if (children[index] !== 'new' && children[index] !== 'starting') set(index, 'waiting')
        queueMicrotask(move)
        return turns[index]!.promise
      },
    })
  }

  const ports: SupervisedPort[] = []
  try {
    for (const [index, spec] of specs.entries()) ports.push(supervised(spec, index))
  } catch (error) {
    for (const port of ports) void port.close() // none has been told to start
    throw error
  }
  for (const [index, port] of ports.entries()) {
    port.watch(({ kind, state }) => {
      if (kind !== 'state') return
      if (state === 'running' && children[index] !== 'doomed' && children[index] !== 'stopping') {
        set(index, 'running')
        runningSinceMs[index] = clock.nowMs()
        move()
      }
      report()
    })
    void port.exited.then(() => {
      set(index, 'gone')
      move()
    })
  }
  move()

  const closeAll = async () => {
    for (const port of [...ports].reverse()) await port.close()
    report()
  }
  return {
    get state() {
      return stateNow()
    },
    close() {
      closing ??= closeAll()
      return closing
    },
  }
}
