/** supervise: several ports as one group, started in order and started anew together by OTP's strategies. */

import { type Clock, type Random, systemClock } from './clock.js'
import type { Contract, ContractDefinition } from './contract/index.js'
import { createPort, type Port, type PortOptions } from './port/index.js'
import {
  type ChildRestartOptions,
  type ChildSpec,
  createSupervisor,
  type GroupState,
  type SupervisedPort,
  type SupervisorOptions,
} from './supervision/index.js'
import { connectorOf, type Target } from './target.js'

export type { ChildRestartOptions, GroupState, GroupStrategy } from './supervision/index.js'

/** What `createPort` takes, for a port of a group. Clock and randomness are the group's, and so are the
 * intensity of restarts and its period. */
export type ChildOptions<C extends ContractDefinition = ContractDefinition> = Target &
  Omit<PortOptions<C>, 'restart' | 'clock' | 'random'> & {
    readonly restart?: ChildRestartOptions
  }

/** One port of a group, made by `child`. */
export interface Child<C extends ContractDefinition = ContractDefinition> {
  readonly contract: Contract<C>
  readonly options: ChildOptions<C>
}

/** A port as `createPort` would make it, but started by its group. */
export function child<C extends ContractDefinition>(contract: Contract<C>, options: ChildOptions<C>): Child<C> {
  return { contract, options }
}

export interface SuperviseOptions<T extends readonly ContractDefinition[]> extends SupervisorOptions {
  /** In the order in which they are started. */
  readonly children: readonly [...{ [K in keyof T]: Child<T[K]> }]
  /** The owner: when it is aborted the group closes. */
  readonly signal?: AbortSignal
  readonly clock?: Clock
  readonly random?: Random
}

export interface Group<T extends readonly ContractDefinition[]> {
  /** As `children` lists them. Each lives through all restarts; one that is closed by itself is never started again. */
  readonly ports: { readonly [K in keyof T]: Port<T[K]> }
  readonly state: GroupState
  /** Hears each state that differs from the last. Returns how to stop. */
  watch(listener: (state: GroupState) => void): () => void
  /** Resolves when each port has run; rejects when one is closed for good first. */
  ready(): Promise<void>
  /** Closes the ports one after the other, the last started first. Resolves when all programs are gone and all ttys free.
   * Idempotent. */
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/** Starts the ports in order, each when the one before runs, and starts anew by `strategy` those that a port takes along whose
 * session has ended. What cannot be started is tried again for as long as the group is open.
 * @throws ARGUMENT_INVALID  an option of the group or of a child is not usable; nothing was opened */
export function supervise<const T extends readonly ContractDefinition[]>(options: SuperviseOptions<T>): Group<T> {
  const { signal, clock = systemClock, random = Math.random } = options
  const listeners = new Set<(state: GroupState) => void>()
  const ports: Port[] = []
  const specs = (options.children as readonly Child[]).map(
    ({ contract, options: own }): ChildSpec => ({
      restart: own.restart ?? {},
      start(restart) {
        const port = createPort(contract, connectorOf({ ...own, clock }), { ...own, clock, random, restart })
        ports.push(port)
        return port satisfies SupervisedPort
      },
    }),
  )
  const changed = (state: GroupState) => {
    if (state === 'closed') signal?.removeEventListener('abort', close)
    for (const listener of [...listeners]) listener(state)
  }
  const supervisor = createSupervisor(options, specs, clock, random, changed)
  const close = () => supervisor.close()
  signal?.addEventListener('abort', close, { once: true })
  if (signal?.aborted) void close()
  return {
    ports: ports as readonly unknown[] as Group<T>['ports'],
    get state() {
      return supervisor.state
    },
    watch(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    ready: async () => void (await Promise.all(ports.map((port) => port.ready()))),
    close,
    [Symbol.asyncDispose]: close,
  }
}
