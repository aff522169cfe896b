/** One session of a Port, as its life sees it: the connection over the link, onStart, and where what the device says goes. */

import type { Clock, Random } from '../../clock.js'
import type { Contract } from '../../contract/index.js'
import { deferred } from '../../deferred.js'
import { PortwireError } from '../../errors.js'
import type { Exit } from '../../exit.js'
import type { Connector, Link } from '../../link/link.js'
import { RECOVERY } from '../limits.js'
import type { DeviceInfo, PortCounters } from '../types.js'
import type { PortProtocol } from './action-protocol.js'
import type { BaudRates } from './baud-rates.js'
import type { CallQueues } from './call-queue.js'
import { type Connection, type ConnectionOptions, createConnection } from './connection.js'
import { createDeliveryMark } from './delivery.js'
import { pauseUntil, pulse } from './kill.js'
import type { LinkRung } from './ladder.js'
import type { LifeSession } from './life.js'
import { listenersOf } from './once.js'
import type { PortNumbers } from './options.js'
import type { RequestHandlers } from './request-handlers.js'
import type { SessionHandlers } from './session-types.js'
import type { Subscriptions } from './subscriptions.js'

export interface PortSession extends LifeSession {
  readonly connection: Connection
  /** What it tries, when it was begun because the one before fell silent. */
  readonly rung: LinkRung | undefined
  /** Why the peer reads no more. */
  readonly inputClosed: string | undefined
  /** From now on no call is taken. */
  closeInput(detail: string): void
  /** How it ended, once it has. */
  readonly over: Promise<Exit>
  /** The same for those who may lose interest; returns how to. */
  whenOver(run: (exit: Exit) => void): () => void
}

export interface PortSessionsOptions {
  readonly portName: string
  readonly contract: Contract
  readonly contractMismatch: 'error' | 'warn' | 'compatible'
  readonly connector: Connector
  readonly numbers: PortNumbers
  readonly protocol: PortProtocol
  readonly clock: Clock
  readonly random: Random
  readonly queues: CallQueues
  readonly counters: PortCounters
  readonly subscriptions: Subscriptions
  readonly requests: RequestHandlers
  readonly baudRates: BaudRates
  /** What the session that is begun next is to try, as the one before fell silent; and the boot that RESET names. */
  readonly recovery: () => { readonly rung: LinkRung; readonly epoch: number } | undefined
  /** Runs at the start of each session; its calls are those of that session. `isOver` once that has ended. */
  readonly onStart: (isOver: () => boolean) => Promise<void>
  /** The device has said hello. */
  readonly up: (device: DeviceInfo) => void
  /** onStart is through. */
  readonly ready: () => void
  /** Calls that were not written never will be. */
  readonly inputLost: (detail: string) => void
  /** True from its hello until onStart is through, or it has ended. */
  readonly isStarting: (session: PortSession) => boolean
}

/** Returns what begins a session on a link; it is made, not started. */
export function createPortSessions(options: PortSessionsOptions) {
  const { portName, connector, numbers, clock, counters, subscriptions } = options
  const delivered = createDeliveryMark()
  let last: Connection | undefined
  let lastExit: Exit | undefined

  return (link: Link, over: (exit: Exit) => void): PortSession => {
    const exited = deferred<Exit>()
    const whenOver = listenersOf(exited.promise)
    let inputClosed: string | undefined
    const recovery = options.recovery()
    const rung = recovery?.rung

    const runOnStart = async () => {
      const isOver = () => !options.isStarting(session)
      try {
        await options.onStart(isOver)
      } catch (cause) {
        const error = new PortwireError('PORT_FAILED', `onStart of ${portName}: ${(cause as Error).message}`, { cause })
        if (!isOver()) connection.session.end({ kind: 'failed', error })
        return
      }
      if (isOver()) return
      options.ready()
      // A turn later, so that whoever awaited ready() has his consumers in place before the first event is handed out.
      clock.after(0, () => connection.session.open())
    }

    const handlers: SessionHandlers = {
      up(device) {
        options.up(device)
        for (const event of subscriptions.heard()) connection.session.bind(event.index, true)
        void runOnStart()
      },
      plainEvent: (event, value, epoch) => subscriptions.plain(event, value, { epoch }),
      request: options.requests.answer,
      reliableEvent: (event, value, number, epoch) =>
        subscriptions.reliable(event, value, { epoch, number, id: eventId(portName, epoch, number) }),
      eventsAhead: (event) => subscriptions.ahead(event),
      consumerStopped: (event, error) => subscriptions.notify({ kind: 'consumer_stopped', event, error }),
      log: (severity, text) => subscriptions.notify({ kind: 'log', severity, text }),
      late() {
        if (link.control) subscriptions.notify({ kind: 'recovery', rung: 'retransmit' })
      },
      eventsLost: (count) => subscriptions.notify({ kind: 'events_lost', count }),
      eventsDropped: (count) => subscriptions.notify({ kind: 'events_dropped', count }),
      refused: (problem) => subscriptions.notify({ kind: 'refused', problem }),
      ended(exit) {
        options.requests.end()
        lastExit = exit
        exited.resolve(exit)
        over(exit)
      },
    }

    // A restart of the device on the same link: the stream goes on.
    const before = last?.link === link && lastExit?.kind === 'reset' ? last : undefined
    options.baudRates.on(link)
    const connectionOptions: ConnectionOptions = {
      clock,
      random: options.random,
      codec: options.protocol.codec,
      contract: options.contract,
      contractMismatch: options.contractMismatch,
      lossless: connector.lossless,
      lineRate: options.baudRates,
      heartbeatMs: numbers.heartbeatMs,
      missedHeartbeats: numbers.missedHeartbeats,
      readyTimeoutMs: rung ? RECOVERY[`${rung}Ms`] : numbers.readyTimeoutMs,
      resetEpoch: rung === 'reset' ? recovery?.epoch : undefined,
      queues: options.queues,
      delivered,
      counters,
      protocol: options.protocol,
      console: (text) => subscriptions.notify({ kind: 'console', text }),
      handlers,
    }
    const connection = createConnection(link, connectionOptions, before)
    last = connection
    if (rung === 'pulse') void pulse(link, pauseUntil(clock, exited.promise)).catch(() => {}) // a line that cannot be set ends the link by itself

    const closeInput = (detail: string) => {
      inputClosed ??= detail
    }
    const session: PortSession = {
      link,
      connection,
      rung,
      receive: connection.receive,
      inputLost(detail) {
        subscriptions.notify({ kind: 'input_lost', stream: 'stdin', detail })
        closeInput(detail)
        options.inputLost(detail)
      },
      end: connection.session.end,
      close: connection.session.end,
      get inputClosed() {
        return inputClosed
      },
      closeInput,
      over: exited.promise,
      whenOver,
    }
    return session
  }
}

/** The id of a reliable event, stable over resends and restarts of the host: `greenhouse:7f3a91c2:1042`. */
export function eventId(device: string, epoch: number, number: number): string {
  return `${device}:${epoch.toString(16).padStart(8, '0')}:${number}`
}
