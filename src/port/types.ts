/** The Port as its user sees it: the same for a spawned program and for a microcontroller on a UART. */

import type { Clock, Random } from '../clock.js'
import type {
  ActionName,
  ArgsOf,
  CallArguments,
  ContractDefinition,
  EventName,
  EventOf,
  ItemOf,
  PlainEventName,
  ReliableEventName,
  RequestArgsOf,
  RequestName,
  RequestResultOf,
  ResultOf,
  StreamName,
} from '../contract/index.js'
import type { Exit } from '../exit.js'
import type { ActionOptions } from './host/action-protocol.js'
import type { DeviceStats, PortInfo, PortState } from './info.js'

/** Syslog severities (RFC 5424, section 6.2.1); the index is the number on the wire. */
export const SEVERITIES = ['emergency', 'alert', 'critical', 'error', 'warning', 'notice', 'info', 'debug'] as const
export type Severity = (typeof SEVERITIES)[number]

/** What a port has to say besides answers and events. */
export type PortNotice =
  /** `exit` is why the last session ended: in `backoff`, `failed` and `closed`, and in
   * `handshake` when that deals with a silence; `restartInMs` is when the next start is due. */
  | {
      readonly kind: 'state'
      readonly state: PortState
      readonly exit?: Exit
      readonly restartInMs?: number
    }
  /** The device logged a line. */
  | { readonly kind: 'log'; readonly severity: Severity; readonly text: string }
  /** Text outside of frames (boot banners, stray prints), or a line of a spawned program's stderr. */
  | { readonly kind: 'console'; readonly text: string }
  /** So many plain events were sent by the device and never arrived. */
  | { readonly kind: 'events_lost'; readonly count: number }
  /** So many reliable events were dropped by the device, its queue being full; they have numbers but no content. */
  | { readonly kind: 'events_dropped'; readonly count: number }
  /** Something that the peer sent was refused: `problem` is one line. */
  | { readonly kind: 'refused'; readonly problem: string }
  /** Items of a stream were lost on the line, or in front of a slow reader. */
  | { readonly kind: 'items_lost'; readonly action: string; readonly count: number }
  /** The peer reads no more (EPIPE): calls fail at once from now on, its output may still come. */
  | { readonly kind: 'input_lost'; readonly stream: 'stdin'; readonly detail: string }
  /** A board on a serial line is silent, and this is tried now. */
  | { readonly kind: 'recovery'; readonly rung: RecoveryRung }
  /** The baud rate was raised to this one; or this one has `failed`, the line is at the rate of opening, and no session that
   * begins within `notAgainForMs` asks for another. `unanswered`: the hello that asked for it. `refused`: by the tty.
   * `unconfirmed`: nothing came at that rate. `noise`: too many errors. `silent`: the device was found again at the rate of
   * opening. */
  | {
      readonly kind: 'baud_rate'
      readonly baudRate: number
      readonly failed?: 'unanswered' | 'refused' | 'unconfirmed' | 'noise' | 'silent'
      readonly notAgainForMs?: number
    }
  /** A consumer of reliable events threw: events are stopped from there on, nothing else is. */
  | { readonly kind: 'consumer_stopped'; readonly event: string; readonly error: unknown }

/** What is tried when a board on a serial line goes silent, in this order: repeats in the session; a hello on the same link;
 * RESET; a pulse on DTR and RTS; opening the port anew, by option after a touch at 1,200 baud; and once that was tried too often, only
 * once a minute. */
export type RecoveryRung = 'retransmit' | 'hello' | 'reset' | 'pulse' | 'touch' | 'reopen' | 'failed'

export interface EventMeta {
  /** `device:epoch:number`, epoch in 8 hex digits. Reliable events only; stable over resends and restarts of the host. */
  readonly id?: string
  /** The boot of the device that sent it. */
  readonly epoch: number
  /** Since the boot, from 0. Reliable events only. */
  readonly number?: number
}

export interface CallOptions {
  /** From the making of the call to its end, waiting included. Default: callTimeoutMs of the port, 5,000. */
  readonly timeoutMs?: number
  /** Ends the wait: what was not written is not sent, a job is told to cancel; rejects with CALL_ABORTED. */
  readonly signal?: AbortSignal
  /** True: it goes before all that was not written yet, which ends with CALL_ABORTED, outcome `no`, and is not kept out by
   * maxQueuedCalls calls. What was written already runs first: a device takes calls in order. Several emergencies keep
   * their order. Default false. */
  readonly emergency?: boolean
}

export interface PingOptions {
  /** Default: callTimeoutMs of the port. */
  readonly timeoutMs?: number
}

export interface CloseOptions {
  /** Calls, casts and jobs under way have so long to come to their end before they fail. Default 0. */
  readonly waitMs?: number
}

export interface ConsumeOptions {
  /** So many reliable events are handed on before the first of them is finished, 1 to 64, in order; default 1. Each is acknowledged
   * when it and all before it have finished. Where several events of a device have consumers, no more than the least of those at
   * work. A consumer that throws has taken some that came after: they come again with the one that failed, ids unchanged. */
  readonly ahead?: number
}

export interface StreamCallOptions {
  /** From the making of the call to its end. Default: the port's callTimeoutMs until the device has taken the job, then none. */
  readonly timeoutMs?: number
  /** Ends the job early. */
  readonly signal?: AbortSignal
}

/** A job on its way: `for await` reads its items, `result` is its end. A reader that leaves early cancels it. */
export interface CallStream<Item, Result> extends AsyncIterable<Item> {
  readonly result: Promise<Result>
  /** Items that never reached the reader: lost on the line, or more than 1,024 waiting. */
  readonly lost: number
}

export interface RequestContext {
  /** What the device still waits, from the moment that the request came. */
  readonly deadlineMs: number
  /** Aborted when that, or the session, is over: nobody waits for the answer any more. */
  readonly signal: AbortSignal
}

export interface CastOptions {
  /** True: sent once with no answer at all; it may be lost without a trace. Default false: repeated until it has arrived. */
  readonly lossy?: boolean
}

export interface Port<C extends ContractDefinition = ContractDefinition> {
  readonly name: string

  /** Calls an action and resolves with its decoded result.
   * @throws ARGUMENT_INVALID  nothing was sent
   * @throws TOO_LARGE         the arguments do not fit the device; nothing was sent
   * @throws QUEUE_FULL        more calls wait than maxQueuedCalls; nothing was sent
   * @throws CALL_TIMEOUT      a CallError: its `outcome` says whether the action ran; a late reply never reaches another call
   * @throws CALL_ABORTED      a CallError: its signal was aborted, or an emergency call overtook it
   * @throws PORT_EXITED       a CallError: the session ended first, `exit` says why; or the peer reads no more
   * @throws REMOTE_ERROR      a RemoteError: the device answered with an error number
   * @throws REPLY_INVALID     the action ran, but its result has another type than the contract says */
  call<N extends ActionName<C>>(action: N, ...rest: CallArguments<C, N, CallOptions>): Promise<ResultOf<C, N>>

  /** Calls an action that sends items on its way, a job. Errors are those of `call`, on `result` and on the reader. */
  stream<N extends StreamName<C>>(
    action: N,
    ...rest: CallArguments<C, N, StreamCallOptions>
  ): CallStream<ItemOf<C, N>, ResultOf<C, N>>

  /** Answers what the device asks. Several handlers take turns; a handler that throws answers its error (an
   * ApplicationError its number), one that is late is not heard. Without any the device is told so at once. */
  handle<N extends RequestName<C>>(
    request: N,
    handler: (
      args: RequestArgsOf<C, N>,
      context: RequestContext,
    ) => RequestResultOf<C, N> | Promise<RequestResultOf<C, N>>,
  ): () => void

  /** Tells the peer that nothing more will be sent: a program's stdin is closed, a board gets END_OF_INPUT. It may still
   * answer and send events; its exit follows when it wants. Calls made before it go first; those made from then on fail.
   * @throws PORT_EXITED  nothing runs yet; await ready() first */
  closeInput(): void

  /** Ends the process at the other end: SIGTERM, then SIGKILL, for a program; RESET, then a pulse on DTR, for a board.
   * Resolves with the exit of that life; the restart options decide what comes next. */
  kill(): Promise<Exit>

  /** Ends the session with the exit `shutdown`, the link and a program with it, and starts anew at once, without counting
   * as a crash; in a pause it ends the pause. Calls not yet written are held. Resolves as `ready` does. */
  restart(): Promise<void>

  /** The round trip of one TICK in ms: the device's library answers it, not its application, so a job that runs does not
   * delay it. It goes before calls that wait.
   * @throws ARGUMENT_INVALID  protocol `action` has no such message
   * @throws CALL_TIMEOUT      no answer in time
   * @throws PORT_EXITED       no session is up, or it ended first */
  ping(options?: PingOptions): Promise<number>

  /** The device's own counters, since its boot; its library answers, as with `ping`.
   * @throws FEATURE_MISSING   the device was built without STATS, or the protocol is `action`, which has no such message
   * @throws CALL_TIMEOUT      no answer in time
   * @throws PORT_EXITED       no session is up, or it ended first
   * @throws REPLY_INVALID     the answer is not a list of counters */
  deviceStats(options?: PingOptions): Promise<DeviceStats>

  /** Events merged into a loop of one's own: bounded, in order, one at a time; a reliable event is acknowledged when the
   * next message is asked for.
   * @throws ARGUMENT_INVALID  an empty list of events, a name that is none, or a reliable event that has a consumer */
  mailbox(options?: MailboxOptions<C>): Mailbox<C>

  /** Sends and does not wait. Errors of the device are counted in info(), not thrown.
   * @returns false when the port is busy, with more than half of maxQueuedCalls made and not ended: this one is taken, the
   *   next one should wait for `drained`
   * @throws ARGUMENT_INVALID, TOO_LARGE, QUEUE_FULL (at maxQueuedCalls), PORT_EXITED (closed, or the peer reads no more) */
  cast<N extends ActionName<C>>(action: N, ...rest: CallArguments<C, N, CastOptions>): boolean

  /** Resolves when the port is no longer busy: at once, or when a quarter of maxQueuedCalls is left. Who waits goes on in
   * turn, the next one only if the port is not busy again. */
  drained(): Promise<void>

  /** Hears a plain event; the device is told to send it as long as anybody listens. Returns how to stop. */
  on<N extends PlainEventName<C>>(event: N, listener: (value: EventOf<C, N>, meta: EventMeta) => void): () => void

  /** Takes a reliable event, in order; it is acknowledged to the device when the promise has resolved. A consumer that
   * throws stops the reliable events of this session (they stay on the device, with all that came after them) and nothing
   * else. One consumer an event.
   * @throws ARGUMENT_INVALID  no reliable event of this name, it has a consumer, or `ahead` is out of range */
  consume<N extends ReliableEventName<C>>(
    event: N,
    consumer: (value: EventOf<C, N>, meta: EventMeta) => void | Promise<void>,
    options?: ConsumeOptions,
  ): () => void

  /** Hears states, logs, console text and losses. */
  watch(listener: (notice: PortNotice) => void): () => void

  /** Resolves when a session is running; rejects with the error when the port closes first. */
  ready(): Promise<void>

  /** Ends the session and the port: no new calls are taken, those under way have `waitMs` to come to their end and then fail,
   * the program is ended, the tty is released. Resolves when the program is gone or the tty is free. Idempotent; a second
   * one without `waitMs` ends the wait of the first. */
  close(options?: CloseOptions): Promise<Exit>

  /** Resolves, never rejects, with the last exit once the port is closed for good. */
  readonly exited: Promise<Exit>

  info(): PortInfo
  [Symbol.asyncDispose](): Promise<void>
}

export interface MailboxOptions<C> {
  /** Which events come, each once however often it is named; default: all. */
  readonly events?: readonly EventName<C>[]
}

export type MailboxMessage<C> = {
  [N in EventName<C>]: {
    readonly event: N
    readonly value: EventOf<C, N>
    readonly meta: EventMeta
    /** From its coming to its being handed out: how long the action took that it came during. */
    readonly waitedMs: number
  }
}[EventName<C>]

/** `for await` takes one message after the other and ends with the port: normally when that was closed or ended well, else
 * with PORT_EXITED. */
export interface Mailbox<C> extends AsyncIterable<MailboxMessage<C>> {
  /** The next message if one waits; it acknowledges the one before. For scripts that look between their own actions. */
  poll(): MailboxMessage<C> | undefined
  /** Stops an event; messages of it that wait are not delivered. */
  leave(event: EventName<C>): void
  /** Plain events that found the mailbox full (1,024). Reliable ones wait on the device instead. */
  readonly dropped: number
  close(): void
}

export interface PortOptions<C extends ContractDefinition = ContractDefinition> {
  /** What the port is called in events and logs: `[A-Za-z0-9_-]{1,64}`. Default: the contract's name. */
  readonly name?: string
  /** What the peer speaks. Default `portwire`; `action` is for programs that exist already (docs/existing-programs.md). */
  readonly protocol?: 'portwire' | 'action'
  /** Bytes of the length in front of a packet, as in Erlang's `{packet,N}`. Default 2. Frames on a UART always have 2. */
  readonly packet?: 1 | 2 | 4
  /** How a peer is dealt with whose answers have no number; with protocol `action` only. */
  readonly action?: ActionOptions
  readonly callTimeoutMs?: number
  /** From opening the link to the end of hello; covers the boot that opening may cause. Default 10,000. */
  readonly readyTimeoutMs?: number
  /** Default 1,000; 0 (the default on lossless links) is off. */
  readonly heartbeatMs?: number
  /** Heartbeats without a good frame, or with a TICK unanswered, after which the device is silent and the session ends: 2 to 100. A
   * device with a dead-man time, or at a raised baud rate, keeps to its own three. Default 3. */
  readonly missedHeartbeats?: number
  /** Bits per second that a serial line is raised to once the device has said hello, or several in order of preference: the
   * first that its firmware lists, and the tty takes. Each session begins at the rate of opening, and goes back to it when the
   * line fails (docs/links.md). Needs a heartbeatMs of 1 to 2,000. Default: none; other links ignore it. */
  readonly upgradeBaudRate?: number | readonly number[]
  /** Calls and casts made and not ended. Default 1,024. */
  readonly maxQueuedCalls?: number
  /** A contract hash that differs: `error` (default) ends the session with CONTRACT_MISMATCH; `compatible` asks the device for its
   * contract and goes on if the two can talk (docs/contract.md); `warn` goes on in any case. */
  readonly contractMismatch?: 'error' | 'warn' | 'compatible'
  /** Runs at the start of each session, before held calls; gets a port whose calls go out at once. */
  readonly onStart?: (port: SessionCaller<C>) => void | Promise<void>
  readonly restart?: RestartStrategy
  /** The owner of the port: when it is aborted the port closes. Default none: the port lives until `close`. */
  readonly signal?: AbortSignal
  readonly clock?: Clock
  readonly random?: Random
}

/** What onStart may do: calls of the session that is being started. */
export interface SessionCaller<C extends ContractDefinition = ContractDefinition> {
  call<N extends ActionName<C>>(action: N, ...rest: CallArguments<C, N, CallOptions>): Promise<ResultOf<C, N>>
}

/** Decides after each session whether and when the next one starts. `supervision` has the implementations. */
export interface RestartStrategy {
  /** @param ranMs how long the session had been running; 0 when it never came up
   *  @returns what to do now: start again after a time, or end the port */
  next(exit: Exit, ranMs: number): RestartDecision
  /** Asked before each start, the first one too, when the old link is released: resolves when the port may start. Among
   * several ports it keeps their order. Default: at once. */
  turn?(): Promise<void>
}

export type RestartDecision =
  /** `freshLink`: also when the device has only restarted behind a link that is well. */
  | { readonly kind: 'restart'; readonly inMs: number; readonly freshLink?: boolean }
  /** Too many restarts: said once, then tried again at this slow pace. */
  | { readonly kind: 'failed'; readonly inMs: number }
  | { readonly kind: 'stop' }

export type { DeviceInfo, DeviceStats, LifeInfo, PortCounters, PortInfo, PortState } from './info.js'
// Re-exported for signatures of users.
export type { ActionName, ArgsOf, EventName, EventOf, ResultOf }
