/** The life of a port: opens the link, runs one session after the other as its restart strategy says, and keeps what its
 * user asked for (listeners, consumers, calls that wait) across them. */

import { type CancelTimer, systemClock } from '../clock.js'
import type { Contract, ContractDefinition } from '../contract/index.js'
import { type Deferred, deferred } from '../deferred.js'
import { PortwireError } from '../errors.js'
import { describeExit, type Exit } from '../exit.js'
import type { Connector, Link } from '../link/link.js'
import { createValueCodec } from '../wire/index.js'
import { createCallQueues } from './call-queue.js'
import { createCalls } from './calls.js'
import { type Connection, createConnection } from './connection.js'
import { createPortCounters } from './counters.js'
import { PORT_DEFAULTS } from './limits.js'
import type { SessionHandlers } from './session.js'
import { createSubscriptions } from './subscriptions.js'
import type { CallOptions, CastOptions, DeviceInfo, Port, PortNotice, PortOptions, RestartStrategy } from './types.js'

/** What runs at the moment; each state has just what it needs. */
type Life =
  | { readonly kind: 'opening' }
  | { readonly kind: 'handshake' | 'running'; readonly connection: Connection; readonly sinceMs: number }
  | { readonly kind: 'backoff' | 'failed'; cancel(): void }
  | { readonly kind: 'closed'; readonly exit: Exit }

const NAME = /^[A-Za-z0-9_-]{1,64}$/

/** Makes a port over `connector` and starts it; it goes on starting as its restart strategy says.
 * @throws ARGUMENT_INVALID  a name that does not match [A-Za-z0-9_-]{1,64} */
export function createPort<C extends ContractDefinition>(
  contract: Contract<C>,
  connector: Connector,
  options: PortOptions<C> & { readonly restart: RestartStrategy },
): Port<C> {
  const name = options.name ?? contract.name
  if (!NAME.test(name)) {
    throw new PortwireError('ARGUMENT_INVALID', `name: ${JSON.stringify(name)} does not match [A-Za-z0-9_-]{1,64}`)
  }
  const clock = options.clock ?? systemClock
  const random = options.random ?? Math.random
  const callTimeoutMs = options.callTimeoutMs ?? PORT_DEFAULTS.callTimeoutMs
  const codec = createValueCodec()
  const counters = createPortCounters()
  const queues = createCallQueues()

  let life: Life = { kind: 'opening' }
  let sessions = 0
  let restarts = 0
  let device: DeviceInfo | undefined
  let lastExit: Exit | undefined
  const exited = deferred<Exit>()
  let ready = quietDeferred()

  const session = () => (life.kind === 'handshake' || life.kind === 'running' ? life.connection.session : undefined)
  const subscriptions = createSubscriptions(contract, (event, on) => {
    if (life.kind === 'running') life.connection.session.bind(event.index, on)
  })
  const calls = createCalls({
    portName: name,
    contract,
    codec,
    clock,
    queues,
    counters,
    maxQueuedCalls: options.maxQueuedCalls ?? PORT_DEFAULTS.maxQueuedCalls,
    closed: () => (life.kind === 'closed' ? life.exit : undefined),
    maxContentBytes: () => (life.kind === 'running' ? device?.maxContentBytes : undefined),
    queued: () => session()?.pump(),
    givenUp: (call) => {
      const now = session()
      if (now) now.giveUp(call)
      else call.settled('unknown')
    },
  })

  const enter = (next: Life, details: Omit<Extract<PortNotice, { kind: 'state' }>, 'kind' | 'state'> = {}) => {
    if (life.kind === 'running' && next.kind !== 'closed') ready = quietDeferred()
    life = next
    subscriptions.notify({ kind: 'state', state: next.kind, ...details })
  }

  const start = () => {
    enter({ kind: 'opening' })
    let connection: Connection | undefined
    const early: Uint8Array[] = []
    let earlyExit: Exit | undefined
    const handlers = {
      data(bytes: Uint8Array) {
        if (connection) connection.receive(bytes)
        else early.push(bytes)
      },
      stderr: (text: string) => subscriptions.notify({ kind: 'console', text }),
      ended(exit: Exit) {
        if (connection) connection.session.end(exit)
        else earlyExit = exit
      },
    }
    const opened = (link: Link) => {
      if (life.kind !== 'opening') return void link.close() // the port was closed meanwhile
      const began = begin(link, (next) => {
        connection = next
      })
      for (const bytes of early) began.receive(bytes)
      if (earlyExit) began.session.end(earlyExit)
    }
    const refused = (cause: unknown) => {
      if (life.kind === 'opening') sessionOver({ kind: 'failed', error: asPortwireError(cause) }, undefined, undefined)
    }
    connector.connect(handlers).then(opened, refused)
  }

  /** Begins a session on `link`. @param current told which connection bytes of the link belong to */
  const begin = (link: Link, current: (connection: Connection) => void): Connection => {
    const connection = createConnection(link, {
      clock,
      random,
      codec,
      contract,
      contractMismatch: options.contractMismatch ?? 'error',
      lossless: connector.lossless,
      baudRate: connector.baudRate,
      heartbeatMs: options.heartbeatMs ?? (connector.lossless ? 0 : PORT_DEFAULTS.heartbeatMs),
      readyTimeoutMs: options.readyTimeoutMs ?? PORT_DEFAULTS.readyTimeoutMs,
      queues,
      counters,
      console: (text) => subscriptions.notify({ kind: 'console', text }),
      handlers: sessionHandlers(() => connection, current),
    })
    current(connection)
    sessions += 1
    enter({ kind: 'handshake', connection, sinceMs: clock.nowMs() })
    connection.session.start()
    return connection
  }

  const sessionHandlers = (
    connection: () => Connection,
    current: (connection: Connection) => void,
  ): SessionHandlers => ({
    up(info) {
      device = info
      for (const event of subscriptions.heard()) connection().session.bind(event.index, true)
      void runOnStart(connection())
    },
    plainEvent: (event, value, epoch) => subscriptions.plain(event, value, { epoch }),
    reliableEvent: (event, value, number, epoch) =>
      subscriptions.reliable(event, value, { epoch, number, id: eventId(name, epoch, number) }),
    consumerStopped: (event, error) => subscriptions.notify({ kind: 'consumer_stopped', event, error }),
    log: (severity, text) => subscriptions.notify({ kind: 'log', severity, text }),
    eventsLost: (count) => subscriptions.notify({ kind: 'events_lost', count }),
    eventsDropped: (count) => subscriptions.notify({ kind: 'events_dropped', count }),
    refused: (problem) => subscriptions.notify({ kind: 'refused', problem }),
    ended(exit) {
      const ranMs = life.kind === 'running' ? clock.nowMs() - life.sinceMs : undefined
      sessionOver(exit, ranMs, { link: connection().link, current })
    },
  })

  const runOnStart = async (connection: Connection) => {
    const isOver = () => life.kind !== 'handshake' || life.connection !== connection
    try {
      await options.onStart?.({
        call: (action, ...rest) => callFrom('start', action, rest) as never,
      })
    } catch (cause) {
      const error = new PortwireError('PORT_FAILED', `onStart of ${name}: ${(cause as Error).message}`, { cause })
      if (!isOver()) connection.session.end({ kind: 'failed', error })
      return
    }
    if (isOver()) return
    enter({ kind: 'running', connection, sinceMs: clock.nowMs() })
    ready.resolve()
    // A turn later, so that whoever awaited ready() has his consumers in place before the first event is handed out.
    clock.after(0, () => connection.session.open())
  }

  /** A session, or the try to start one, has ended. @param ranMs undefined: it had not come up */
  const sessionOver = (
    exit: Exit,
    ranMs: number | undefined,
    on: { readonly link: Link; current(connection: Connection): void } | undefined,
  ) => {
    lastExit = exit
    if (life.kind === 'closed') return
    const decision = options.restart.next(exit, ranMs ?? 0)
    if (decision.kind === 'stop') {
      finish(exit, on?.link)
      return
    }
    if (ranMs !== undefined) restarts += 1
    if (exit.kind === 'reset' && on && decision.kind === 'restart') {
      // The process behind the link has started anew; the link itself is well.
      begin(on.link, on.current)
      return
    }
    const state = decision.kind === 'failed' ? 'failed' : 'backoff'
    const wait = startLater(decision.inMs, on?.link.close() ?? Promise.resolve())
    enter({ kind: state, cancel: wait.cancel }, { exit, restartInMs: decision.inMs })
  }

  /** Starts again when the time has come or the peer is seen again, but not before the old link is released. */
  const startLater = (inMs: number, released: Promise<void>): { cancel: CancelTimer } => {
    let state: 'waiting' | 'due' | 'cancelled' = 'waiting'
    const due = () => {
      if (state !== 'waiting') return
      state = 'due'
      stopWaiting()
      void released.then(() => {
        if (state === 'due') start()
      })
    }
    const cancelTimer = clock.after(inMs, due)
    const cancelWatch = connector.onArrival?.(due) ?? (() => {})
    const stopWaiting = () => {
      cancelTimer()
      cancelWatch()
    }
    return {
      cancel() {
        state = 'cancelled'
        stopWaiting()
      },
    }
  }

  /** The port is closed for good. */
  const finish = (exit: Exit, link: Link | undefined) => {
    enter({ kind: 'closed', exit }, { exit })
    ready.reject(
      exit.kind === 'failed' ? exit.error : new PortwireError('PORT_EXITED', `${name} ${describeExit(exit)}`),
    )
    calls.endQueued(exit)
    const released = link?.close() ?? Promise.resolve()
    void released.then(() => exited.resolve(exit))
  }

  const close = (): Promise<Exit> => {
    const was = life
    const exit: Exit = { kind: 'closed' }
    switch (was.kind) {
      case 'closed':
        break
      case 'opening':
        finish(exit, undefined)
        break
      case 'backoff':
      case 'failed':
        was.cancel()
        finish(exit, undefined)
        break
      case 'handshake':
      case 'running':
        finish(exit, was.connection.link)
        was.connection.session.end(exit)
    }
    return exited.promise
  }

  const callFrom = (queue: 'start' | 'numbered', action: string, rest: readonly unknown[]): Promise<unknown> => {
    const [args, callOptions] = rest as [unknown, CallOptions | undefined]
    return calls.call(action, args, callOptions?.timeoutMs ?? callTimeoutMs, queue)
  }

  start()
  return {
    name,
    call: (action, ...rest) => callFrom('numbered', action, rest) as never,
    cast(action, ...rest) {
      const [args, castOptions] = rest as [unknown, CastOptions | undefined]
      calls.cast(action, args, callTimeoutMs, castOptions?.lossy ? 'lossy' : 'numbered')
    },
    on: (event, listener) => subscriptions.on(event, listener as never),
    consume: (event, consumer) => subscriptions.consume(event, consumer as never),
    watch: subscriptions.watch,
    ready: () => ready.promise,
    close,
    exited: exited.promise,
    info() {
      const roundTripMs = session()?.roundTripMs
      const unansweredCalls = session()?.unanswered ?? 0
      return {
        name,
        link: connector.name,
        contract: contract.name,
        state: life.kind,
        session: sessions,
        restarts,
        ...(device ? { device } : {}),
        ...(lastExit ? { lastExit } : {}),
        waitingCalls: calls.waiting,
        unansweredCalls,
        ...(roundTripMs === undefined ? {} : { roundTripMs }),
        counters: { ...counters, framesDropped: { ...counters.framesDropped } },
      }
    },
    [Symbol.asyncDispose]: async () => void (await close()),
  }
}

/** The id of a reliable event, stable over resends and restarts of the host: `greenhouse:7f3a91c2:1042`. */
export function eventId(device: string, epoch: number, number: number): string {
  return `${device}:${epoch.toString(16).padStart(8, '0')}:${number}`
}

/** Whoever awaits it sees its rejection; when nobody does, that is no fault. */
function quietDeferred(): Deferred<void> {
  const quiet = deferred<void>()
  quiet.promise.catch(() => {})
  return quiet
}

function asPortwireError(cause: unknown): PortwireError {
  if (cause instanceof PortwireError) return cause
  const message = cause instanceof Error ? cause.message : String(cause)
  return new PortwireError('PORT_FAILED', message, { cause })
}
