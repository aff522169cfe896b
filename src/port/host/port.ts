/** The life of a port: opens the link, runs one session after the other as its restart strategy says, and keeps what its
 * user asked for (listeners, consumers, calls that wait) across them. */

import { type CancelTimer, systemClock } from '../../clock.js'
import type { Contract, ContractDefinition } from '../../contract/index.js'
import { type Deferred, deferred } from '../../deferred.js'
import { PortwireError } from '../../errors.js'
import { describeExit, type Exit } from '../../exit.js'
import type { Connector, Link } from '../../link/link.js'
import { createPortCounters } from '../counters.js'
import { RELEASE_TIMEOUT_MS } from '../limits.js'
import type {
  CallOptions,
  CastOptions,
  DeviceInfo,
  Port,
  PortNotice,
  PortOptions,
  RestartStrategy,
  StreamCallOptions,
} from '../types.js'
import { portProtocol } from './action-protocol.js'
import { createCallQueues } from './call-queue.js'
import { createCalls } from './calls.js'
import { type Connection, createConnection } from './connection.js'
import { killBoard } from './kill.js'
import { createMailbox } from './mailbox.js'
import { portName, portNumbers } from './options.js'
import { createRequestHandlers } from './request-handlers.js'
import type { SessionHandlers } from './session-types.js'
import { createCallStream } from './stream.js'
import { createSubscriptions } from './subscriptions.js'

/** What runs at the moment; each state has just what it needs. */
type Life =
  | { readonly kind: 'opening' }
  | { readonly kind: 'handshake' | 'running'; readonly connection: Connection; readonly sinceMs: number }
  | { readonly kind: 'backoff' | 'failed'; cancel(): void }
  | { readonly kind: 'closed'; readonly exit: Exit }

/** Makes a port over `connector` and starts it; it goes on starting as its restart strategy says.
 * @throws ARGUMENT_INVALID  a name or a number among the options that is not usable */
export function createPort<C extends ContractDefinition>(
  contract: Contract<C>,
  connector: Connector,
  options: PortOptions<C> & { readonly restart: RestartStrategy },
): Port<C> {
  const name = portName(options.name, contract.name)
  const numbers = portNumbers(options as PortOptions<never>, connector.lossless)
  const { callTimeoutMs } = numbers
  const clock = options.clock ?? systemClock
  const random = options.random ?? Math.random
  const protocol = portProtocol(options, connector.lossless)
  const { codec } = protocol
  const counters = createPortCounters()
  const queues = createCallQueues()

  let life: Life = { kind: 'opening' }
  let sessions = 0
  let restarts = 0
  let device: DeviceInfo | undefined
  let lastExit: Exit | undefined
  const exited = deferred<Exit>()
  /** Who waits for the end of a life: kill(). */
  const endings = new WeakMap<Connection, Deferred<Exit>>()
  let ready = quietDeferred()
  /** The last link, or the one that is being opened, is gone when it resolves. */
  let released: Promise<unknown> = Promise.resolve()
  const delivered = { epoch: 0, next: 0 }

  const session = () => (life.kind === 'handshake' || life.kind === 'running' ? life.connection.session : undefined)
  const subscriptions = createSubscriptions(contract, (event, on) => {
    session()?.bind(event.index, on)
  })
  const requests = createRequestHandlers({
    contract,
    codec,
    clock,
    counters,
    refused: (problem) => subscriptions.notify({ kind: 'refused', problem }),
  })
  const calls = createCalls({
    portName: name,
    contract,
    codec,
    clock,
    queues,
    counters,
    maxQueuedCalls: numbers.maxQueuedCalls,
    headerBytes: protocol.headerBytes,
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
    const opening: Life = { kind: 'opening' }
    enter(opening)
    if (life !== opening) return // a watcher has closed the port
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
    const failed = (error: PortwireError) => {
      cancelOpening()
      if (life === opening) sessionOver({ kind: 'failed', error }, undefined, undefined)
    }
    const opened = (link: Link): void | Promise<void> => {
      cancelOpening()
      if (life !== opening) return link.close() // the port was closed, or has given up waiting, meanwhile
      const began = begin(link, (next) => {
        connection = next
      })
      for (const bytes of early) began.receive(bytes)
      if (earlyExit) began.session.end(earlyExit)
    }
    const cancelOpening = clock.after(numbers.readyTimeoutMs, () =>
      failed(new PortwireError('PORT_FAILED', `${connector.name} could not be opened in ${numbers.readyTimeoutMs} ms`)),
    )
    // Also what a connector throws instead of rejecting with comes here.
    const connecting = new Promise<Link>((resolve) => resolve(connector.connect(handlers)))
    release(connecting.then(opened, (cause) => failed(asPortwireError(cause))))
  }

  /** What has to be over before the port may be opened again, or counts as closed. Never rejects, and not for ever. */
  const release = (work: Promise<unknown> | undefined) => {
    if (!work) return
    released = new Promise<void>((resolve) => {
      const cancelBound = clock.after(RELEASE_TIMEOUT_MS, resolve)
      const done = () => {
        cancelBound() // else it would keep a process alive whose ports are closed
        resolve()
      }
      work.then(done, done)
    })
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
      heartbeatMs: numbers.heartbeatMs,
      readyTimeoutMs: numbers.readyTimeoutMs,
      queues,
      delivered,
      counters,
      protocol,
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
    request: requests.answer,
    reliableEvent: (event, value, number, epoch) =>
      subscriptions.reliable(event, value, { epoch, number, id: eventId(name, epoch, number) }),
    consumerStopped: (event, error) => subscriptions.notify({ kind: 'consumer_stopped', event, error }),
    log: (severity, text) => subscriptions.notify({ kind: 'log', severity, text }),
    eventsLost: (count) => subscriptions.notify({ kind: 'events_lost', count }),
    eventsDropped: (count) => subscriptions.notify({ kind: 'events_dropped', count }),
    refused: (problem) => subscriptions.notify({ kind: 'refused', problem }),
    ended(exit) {
      requests.end()
      endings.get(connection())?.resolve(exit)
      const ranMs = life.kind === 'running' ? clock.nowMs() - life.sinceMs : undefined
      sessionOver(exit, ranMs, { link: connection().link, current })
    },
  })

  const runOnStart = async (connection: Connection) => {
    const isOver = () => life.kind !== 'handshake' || life.connection !== connection
    try {
      await options.onStart?.({
        // Its calls are those of this session: an onStart that outlives it must not configure the next one.
        call: (action, ...rest) =>
          isOver()
            ? Promise.reject(new PortwireError('PORT_EXITED', `${action}: the session that onStart began is over`))
            : (callFrom('start', action, rest) as never),
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
    calls.endQueued(exit, true)
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
    release(on?.link.close())
    const wait = startLater(decision.inMs)
    enter({ kind: state, cancel: wait.cancel }, { exit, restartInMs: decision.inMs })
  }

  /** Starts again when the time has come or the peer is seen again, but not before the old link is released. */
  const startLater = (inMs: number): { cancel: CancelTimer } => {
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
    release(link?.close())
    ready.reject(
      exit.kind === 'failed' ? exit.error : new PortwireError('PORT_EXITED', `${name} ${describeExit(exit)}`),
    )
    calls.endQueued(exit)
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
    const [args, { timeoutMs = callTimeoutMs, signal } = {}] = rest as [unknown, CallOptions | undefined]
    return calls.call(action, args, { timeoutMs, queue, signal })
  }

  const kill = (): Promise<Exit> => {
    const now = life
    if (now.kind !== 'handshake' && now.kind !== 'running') {
      return Promise.reject(new PortwireError('PORT_EXITED', `kill: nothing runs at ${name} (${now.kind})`))
    }
    const { connection } = now
    const killed = endings.get(connection)
    if (killed) return killed.promise
    const ending = deferred<Exit>()
    endings.set(connection, ending)
    if (connection.link.kill) void connection.link.kill()
    else void killBoard(connection, clock, ending.promise)
    return ending.promise
  }

  start()
  return {
    name,
    call: (action, ...rest) => callFrom('numbered', action, rest) as never,
    cast(action, ...rest) {
      const [args, castOptions] = rest as [unknown, CastOptions | undefined]
      calls.cast(action, args, { timeoutMs: callTimeoutMs, queue: castOptions?.lossy ? 'lossy' : 'numbered' })
    },
    stream(action, ...rest) {
      const [args, { timeoutMs, signal } = {}] = rest as [unknown, StreamCallOptions | undefined]
      return createCallStream({
        contract,
        calls,
        action,
        args,
        how: { timeoutMs: timeoutMs ?? callTimeoutMs, queue: 'numbered', signal },
        untilAccepted: timeoutMs === undefined,
        lost(count) {
          counters.itemsLost += count
          subscriptions.notify({ kind: 'items_lost', action, count })
        },
        refused: (problem) => subscriptions.notify({ kind: 'refused', problem }),
      }) as never
    },
    handle: (request, handler) => requests.handle(request, handler as never),
    closeInput() {
      const connection = life.kind === 'running' ? life.connection : undefined
      if (connection?.link.closeInput) connection.link.closeInput()
      else connection?.session.endOfInput()
    },
    kill,
    mailbox: (mailboxOptions) =>
      createMailbox({
        portName: name,
        contract,
        subscriptions,
        exited: exited.promise,
        events: mailboxOptions?.events,
      }),
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
