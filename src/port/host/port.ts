/** The Port: a life whose sessions speak the protocol, and what its user asked for (listeners, consumers, calls that wait)
 * kept across them. */

import { systemClock } from '../../clock.js'
import type { Contract, ContractDefinition } from '../../contract/index.js'
import { asPortwireError, PortwireError } from '../../errors.js'
import type { Exit } from '../../exit.js'
import type { Connector } from '../../link/link.js'
import { createPortCounters } from '../counters.js'
import type {
  CallOptions,
  CastOptions,
  CloseOptions,
  DeviceInfo,
  Port,
  PortOptions,
  PortState,
  RestartStrategy,
  SessionCaller,
  StreamCallOptions,
} from '../types.js'
import { portProtocol } from './action-protocol.js'
import { createBaudRates } from './baud-rates.js'
import { createCallQueues } from './call-queue.js'
import { createCalls } from './calls.js'
import { closeAfter } from './close-after.js'
import { killBoard } from './kill.js'
import { isUnanswered, type LinkRung, nextRung, rungsOf } from './ladder.js'
import { createLife, type Life } from './life.js'
import { createMailbox } from './mailbox.js'
import { listenersOf } from './once.js'
import { portName, portNumbers } from './options.js'
import { createPortSessions, type PortSession } from './port-session.js'
import { createProbes } from './probes.js'
import { createRequestHandlers } from './request-handlers.js'
import { createCallStream } from './stream.js'
import { createSubscriptions } from './subscriptions.js'

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
  const protocol = portProtocol(options, connector.lossless, contract.protocol)
  const { codec } = protocol
  const counters = createPortCounters()
  const queues = createCallQueues(() => calls.shifted())
  const exits: { [kind in Exit['kind']]?: number } = {}
  let device: DeviceInfo | undefined
  let rung: LinkRung | undefined
  /** close() waits for calls: it takes no new ones. */
  let isClosing = false

  const session = () => life.session?.connection.session
  const subscriptions = createSubscriptions(contract, (event, on) => {
    session()?.bind(event.index, on)
  })
  const { notify } = subscriptions
  const refused = (problem: string) => notify({ kind: 'refused', problem })
  const baudRates = createBaudRates({
    clock,
    openingBaudRate: connector.baudRate,
    wanted: numbers.upgradeBaudRates,
    notify,
  })
  const requests = createRequestHandlers({ contract, codec, clock, counters, refused })
  const calls = createCalls({
    portName: name,
    contract,
    codec,
    clock,
    queues,
    counters,
    maxQueuedCalls: numbers.maxQueuedCalls,
    headerBytes: protocol.headerBytes,
    closed(queue) {
      if (life.state.kind === 'closed') return life.state.exit
      // A session that is just starting is let come up: what waits is for it.
      return isClosing && queue !== 'start' ? { kind: 'closed' } : undefined
    },
    inputClosed: () => life.session?.inputClosed,
    maxContentBytes: () => (life.state.kind === 'running' ? device?.maxContentBytes : undefined),
    queued: () => session()?.pump(),
    givenUp: (call) => {
      const now = session()
      if (now) now.giveUp(call)
      else call.settled('unknown')
    },
  })

  const callFrom = (queue: 'start' | 'numbered', action: string, rest: readonly unknown[]): Promise<unknown> => {
    const [args, { timeoutMs = callTimeoutMs, signal, emergency } = {}] = rest as [unknown, CallOptions | undefined]
    // An emergency does not wait for onStart to be through.
    const first = emergency && life.state.kind === 'handshake'
    return calls.call(action, args, { timeoutMs, queue: first ? 'start' : queue, signal, emergency })
  }

  const onStart = async (isOver: () => boolean) => {
    const call: SessionCaller<C>['call'] = (action, ...rest) =>
      // Its calls are those of this session: an onStart that outlives it must not configure the next one.
      isOver()
        ? Promise.reject(new PortwireError('PORT_EXITED', `${action}: the session that onStart began is over`))
        : (callFrom('start', action, rest) as never)
    await options.onStart?.({ call })
  }

  const life: Life<PortSession> = createLife<PortSession, PortState>({
    name,
    connector,
    clock,
    restart: options.restart,
    openTimeoutMs: numbers.readyTimeoutMs,
    signal: options.signal,
    beginsIn: 'handshake',
    begin: createPortSessions({
      portName: name,
      contract,
      contractMismatch: options.contractMismatch ?? 'error',
      connector,
      numbers,
      protocol,
      clock,
      random: options.random ?? Math.random,
      queues,
      counters,
      subscriptions,
      requests,
      baudRates,
      recovery: () => (rung && device ? { rung, epoch: device.epoch } : undefined),
      onStart,
      up(info) {
        device = info
      },
      ready() {
        rung = undefined
        life.run()
      },
      inputLost: calls.endInput,
      isStarting: (asked) => life.state.kind === 'handshake' && life.state.session === asked,
    }),
    recovers(exit, { link, rung: tried }, hasRun) {
      // Only a serial link has lines to set; a first hello that was never answered is no silence.
      const isSilence = link.control !== undefined && isUnanswered(exit) && (hasRun || tried !== undefined)
      rung = isSilence
        ? nextRung(hasRun ? undefined : tried, rungsOf(link, device?.features, connector.touch !== undefined))
        : undefined
      if (rung) notify({ kind: 'recovery', rung })
      return rung !== undefined
    },
    reopens(last) {
      rung = undefined
      notify({ kind: 'recovery', rung: last })
    },
    begun: ({ connection }) => connection.session.start(),
    notify,
    ended(exit) {
      exits[exit.kind] = (exits[exit.kind] ?? 0) + 1
      calls.endQueued(exit, true)
    },
    closing(exit) {
      calls.endQueued(exit)
      calls.end()
    },
  })

  const whenExited = listenersOf(life.exited)

  const present = (what: string): PortSession => {
    const now = life.session
    if (now) return now
    throw new PortwireError('PORT_EXITED', `${what}: nothing runs at ${name} (${life.state.kind})`)
  }

  const kill = async (): Promise<Exit> => {
    const now = present('kill')
    const failed = (cause: unknown) => now.connection.session.end({ kind: 'failed', error: asPortwireError(cause) })
    if (now.link.kill) now.link.kill().catch(failed)
    else void killBoard(now.connection, clock, now.over)
    return now.over
  }

  const { ping, deviceStats } = createProbes({ name, clock, callTimeoutMs, protocol: protocol.protocol, present })

  life.start()
  return {
    name,
    call: (action, ...rest) => callFrom('numbered', action, rest) as never,
    cast(action, ...rest) {
      const [args, castOptions] = rest as [unknown, CastOptions | undefined]
      return calls.cast(action, args, { timeoutMs: callTimeoutMs, queue: castOptions?.lossy ? 'lossy' : 'numbered' })
    },
    drained: calls.drained,
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
          notify({ kind: 'items_lost', action, count })
        },
        refused,
      }) as never
    },
    handle: (request, handler) => requests.handle(request, handler as never),
    closeInput() {
      if (life.state.kind === 'closed') return
      if (life.state.kind !== 'running') {
        throw new PortwireError(
          'PORT_EXITED',
          `closeInput: ${name} is not running (${life.state.kind}); await ready() first`,
        )
      }
      const now = life.state.session
      now.closeInput('closeInput() was called')
      // The calls that were made before go first.
      void calls.written().then(() => {
        if (now.link.closeInput) now.link.closeInput()
        else now.connection.session.endOfInput()
      })
    },
    kill,
    restart: life.restart,
    ping,
    deviceStats,
    mailbox: (mailboxOptions) =>
      createMailbox({
        portName: name,
        clock,
        contract,
        subscriptions,
        whenExited,
        events: mailboxOptions?.events,
      }),
    on: (event, listener) => subscriptions.on(event, listener as never),
    consume: (event, consumer, how) => subscriptions.consume(event, consumer as never, how),
    watch: subscriptions.watch,
    ready: life.ready,
    close(closeOptions?: CloseOptions) {
      const { waitMs = 0 } = closeOptions ?? {}
      isClosing ||= waitMs >= 0
      return closeAfter(waitMs, { clock, life, idle: calls.idle })
    },
    exited: life.exited,
    info() {
      const now = session()
      const { lastTickMs, roundTrip: { smoothedMs, varianceMs, repeatTimerMs } = {} } = now ?? {}
      return {
        ...life.info(),
        contract: contract.name,
        state: life.state.kind,
        ...(baudRates.now === undefined ? {} : { baudRate: baudRates.now }),
        ...(device ? { device } : {}),
        watchers: subscriptions.count,
        waitingCalls: calls.waiting,
        unansweredCalls: now?.unanswered ?? 0,
        ...(smoothedMs === undefined ? {} : { roundTripMs: smoothedMs }),
        ...(varianceMs === undefined ? {} : { roundTripVarianceMs: varianceMs }),
        ...(repeatTimerMs === undefined ? {} : { repeatTimerMs }),
        ...(lastTickMs === undefined ? {} : { lastTickAgoMs: clock.nowMs() - lastTickMs }),
        exits: { ...exits },
        counters: { ...counters, framesDropped: { ...counters.framesDropped } },
      }
    },
    [Symbol.asyncDispose]: async () => void (await life.close()),
  }
}
