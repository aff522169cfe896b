/** The device's side of the protocol: one boot of a device that a host opens. The C++ library does the same in C++. */

import type { Clock, Random } from '../../clock.js'
import { type Contract, decodeResult, encodeArgs, encodeFields } from '../../contract/index.js'
import { PortwireError } from '../../errors.js'
import {
  Action,
  type DecodedMessage,
  type DeviceHello,
  decodeHostHello,
  decodeMessage,
  ErrorNumber,
  encodeDeviceHello,
  Feature,
  FIRST_PROTOCOL_ACTION,
  PROTOCOL_VERSION,
  type ValueCodec,
} from '../../wire/index.js'
import { SEVERITIES, type Severity } from '../types.js'
import { type CallAnswer, type CallServer, createCallServer, type DeviceHandler } from './calls.js'
import { createEventSender } from './events.js'
import { type AskEnd, createRequestSender } from './requests.js'

export interface DeviceSessionOptions {
  readonly clock: Clock
  readonly random: Random
  readonly codec: ValueCodec
  readonly contract: Contract
  readonly handlers: { readonly [action: string]: DeviceHandler }
  /** What the hello tells besides the contract. */
  readonly device: {
    readonly resetCause: number
    /** 0: no limit. */
    readonly receiveBytes: number
    readonly maxContentBytes: number
    readonly window: number
    readonly firmwareVersion: string
  }
  readonly maxKeptEvents: number
  readonly lossless: boolean
  readonly write: (action: number, token: number, value: Uint8Array | undefined) => void
  /** The host asked for a restart of this boot. */
  readonly reset: (mode: 'application' | 'bootloader') => void
  /** Nothing more will be sent by the host. */
  readonly endOfInput?: () => void
  /** A host has begun a session, and may be asked. */
  readonly sessionBegan?: () => void
}

export interface DeviceSession {
  readonly epoch: number
  /** Says hello unasked, as a device does that has booted. */
  announce(): void
  receive(content: Uint8Array): void
  /** @returns false when the event was not taken: plain and nobody listens, or reliable and the queue is full */
  emit(event: string, value: unknown): boolean
  /** Asks the host. Rejects with PortwireError: REMOTE_ERROR (its answer was an error), CALL_TIMEOUT (none in time),
   * PORT_EXITED (the host began a new session), REPLY_INVALID.
   * @param deadlineMs told to the host; default 3,000 */
  ask(request: string, args?: unknown, deadlineMs?: number): Promise<unknown>
  log(severity: Severity, text: string): void
  /** Tells the host the exit code; nothing follows. */
  exit(status: number): void
  /** The boot is over. */
  stop(): void
  readonly counters: DeviceCounters
}

export interface DeviceCounters {
  /** Calls that took their token, and casts that ran. */
  taken: number
  executed: number
  repeatsAnswered: number
  refusedTokens: number
  refusedMessages: number
  eventsDropped: number
}

type Message = Extract<DecodedMessage, { readonly ok: true }>

interface OpenSession {
  readonly calls: CallServer
  readonly bound: Set<number>
  plainSent: number
  /** The TICK that confirms it has come. */
  confirmed: boolean
}

const HELLO_TOKEN = 1
const ASK_DEADLINE_MS = 3_000

export function createDeviceSession(options: DeviceSessionOptions): DeviceSession {
  const { clock, codec, contract, device, lossless } = options
  const epoch = Math.floor(options.random() * 0xffff_ffff) + 1
  const bootMs = clock.nowMs()
  const counters: DeviceCounters = {
    taken: 0,
    executed: 0,
    repeatsAnswered: 0,
    refusedTokens: 0,
    refusedMessages: 0,
    eventsDropped: 0,
  }
  let session: OpenSession | undefined
  let stopped = false
  const send = (action: number, token: number, value: Uint8Array | undefined) => {
    if (!stopped) options.write(action, token, value)
  }
  const events = createEventSender({
    clock,
    window: device.window,
    maxKeptEvents: options.maxKeptEvents,
    lossless,
    send,
    encodeCount: (count) => codec.encode(count),
  })
  const requests = createRequestSender({ clock, codec, lossless, send })

  const uptimeMs = () => Math.floor(clock.nowMs() - bootMs) >>> 0
  const hello = (sessionNumber: number | null): Uint8Array => {
    const value: DeviceHello = {
      version: PROTOCOL_VERSION,
      session: sessionNumber,
      epoch,
      resetCause: device.resetCause,
      receiveBytes: device.receiveBytes,
      maxContent: device.maxContentBytes,
      window: device.window,
      contractHash: contract.hash,
      eventSeq: events.oldest,
      deadManMs: 0,
      features: FEATURES,
      uptimeMs: uptimeMs(),
      firmwareVersion: device.firmwareVersion,
      contractName: contract.name,
      contractVersion: contract.version,
    }
    return codec.encode(encodeDeviceHello(value))
  }
  const announce = () => send(Action.HELLO, 0, hello(null))

  // ---- receiving --------------------------------------------------------------------------------------------------

  const receive = (content: Uint8Array) => {
    if (stopped) return
    const message = decodeMessage(codec, content)
    if (!message.ok) return undecodable(message)
    const { action, token, value } = message
    if (action === Action.HELLO) return helloReceived(message)
    if (action === Action.RESET) return resetReceived(message)
    if (!session) {
      if (token !== 0 && !isAnswer(action)) announce()
      return
    }
    // Before the TICK that confirms the session nothing else is taken.
    if (!session.confirmed && action !== Action.TICK) return refuse()
    switch (action) {
      case Action.ACK:
        return events.acknowledged(token, typeof value === 'number' ? value : undefined)
      case Action.REPLY:
      case Action.ERROR:
        return requests.answered(action, token, value)
    }
    const now = session
    if (token !== 0) taken(now, token, (answer) => call(now, message, answer))
    else if (action < FIRST_PROTOCOL_ACTION && now.calls.cast(action, value)) counters.taken += 1
    else refuse()
  }

  const taken = (now: OpenSession, token: number, run: (answer: CallAnswer) => void) => {
    const verdict = now.calls.received(token, run)
    if (verdict === 'taken') counters.taken += 1
    else if (verdict === 'repeated') counters.repeatsAnswered += 1
    else if (verdict === 'refused') counters.refusedTokens += 1
  }

  /** A call with a bad value holds its token like any other. */
  const undecodable = ({ action, token, reason }: Extract<DecodedMessage, { readonly ok: false }>) => {
    refuse()
    if (!session?.confirmed || action === undefined || !token || isAnswer(action)) return
    taken(session, token, (answer) => answer.error(ErrorNumber.BAD_ARGUMENTS, reason))
  }

  const helloReceived = ({ token, value }: Message) => {
    const host = decodeHostHello(value)
    if (!host || token !== HELLO_TOKEN) return refuse()
    session?.calls.end()
    const calls = createCallServer({
      clock,
      codec,
      contract,
      handlers: options.handlers,
      window: device.window,
      requests,
      write: send,
      executed: () => {
        counters.executed += 1
      },
    })
    session = { calls, bound: new Set(), plainSent: 0, confirmed: false }
    events.reset(host.heartbeatMs)
    requests.reset(host.heartbeatMs)
    send(Action.REPLY, token, hello(host.session))
  }

  const resetReceived = ({ value }: Message) => {
    const [mode, named] = Array.isArray(value) ? (value as unknown[]) : []
    if (named !== epoch || (mode !== 0 && mode !== 1)) return refuse()
    options.reset(mode === 0 ? 'application' : 'bootloader')
  }

  const call = (now: OpenSession, { action, token, value }: Message, answer: CallAnswer) => {
    switch (action) {
      case Action.TICK:
        answer.reply([uptimeMs(), now.plainSent, epoch])
        return confirm(now)
      case Action.SKIP:
        return answer.error(ErrorNumber.SKIPPED)
      case Action.BIND: {
        const [index, on] = Array.isArray(value) ? (value as unknown[]) : []
        if (typeof index !== 'number' || typeof on !== 'boolean') return answer.error(ErrorNumber.BAD_ARGUMENTS)
        if (on) now.bound.add(index)
        else now.bound.delete(index)
        return answer.reply(0)
      }
      case Action.CANCEL:
        answer.reply(0)
        if (typeof value === 'number') now.calls.cancel(value)
        return
      case Action.STATS: {
        const { taken, repeatsAnswered, refusedTokens, refusedMessages, eventsDropped } = counters
        return answer.reply([taken, repeatsAnswered, refusedTokens, refusedMessages, 0, eventsDropped])
      }
      case Action.END_OF_INPUT:
        answer.reply(0)
        options.endOfInput?.()
        return
    }
    if (action >= FIRST_PROTOCOL_ACTION) answer.error(ErrorNumber.UNKNOWN_ACTION)
    else now.calls.run(action, value, token, answer)
  }

  const confirm = (now: OpenSession) => {
    if (now.confirmed) return
    now.confirmed = true
    requests.open()
    events.open()
    options.sessionBegan?.()
  }

  const refuse = () => {
    counters.refusedMessages += 1
  }

  return {
    epoch,
    announce,
    receive,
    emit(name, value) {
      const event = contract.events.get(name)
      if (!event) throw new PortwireError('ARGUMENT_INVALID', `${contract.name} has no event ${name}`)
      const fields = encodeFields(name, event.fields, value)
      const encoded = fields === undefined ? undefined : codec.encode(fields)
      if (event.acknowledged) {
        const kept = events.emit(event.index, encoded)
        if (!kept) counters.eventsDropped += 1
        return kept
      }
      if (!session?.confirmed || !session.bound.has(event.index)) return false
      session.plainSent += 1
      send(event.index, 0, encoded)
      return true
    },
    async ask(name, args, deadlineMs = ASK_DEADLINE_MS) {
      const request = contract.requests.get(name)
      if (!request) throw new PortwireError('ARGUMENT_INVALID', `${contract.name} has no request ${name}`)
      const values = (encodeArgs(name, request.args, args) ?? []) as readonly unknown[]
      const end = await new Promise<AskEnd>((ended) => requests.ask(request.index, values, deadlineMs, ended))
      switch (end.kind) {
        case 'reply': {
          const decoded = decodeResult(`result of ${name}`, request.result, end.value)
          if (decoded.ok) return decoded.value
          throw new PortwireError('REPLY_INVALID', decoded.problem)
        }
        case 'error':
          throw new PortwireError(
            'REMOTE_ERROR',
            `${name}: ${end.text ?? 'the host answered an error'} (error ${end.errorNumber})`,
          )
        case 'timeout':
          throw new PortwireError('CALL_TIMEOUT', `${name}: no answer of the host in ${deadlineMs} ms`)
        case 'session':
          throw new PortwireError('PORT_EXITED', `${name}: the host has begun a new session`)
      }
    },
    log: (severity, text) => send(Action.LOG, 0, codec.encode([SEVERITIES.indexOf(severity), text])),
    exit: (status) => void events.emit(Action.EXIT, codec.encode(status)),
    stop() {
      stopped = true
      session?.calls.end()
      events.stop()
      requests.stop()
    },
    counters,
  }
}

const FEATURES =
  Feature.BIND |
  Feature.ACKNOWLEDGED_EVENTS |
  Feature.REQUESTS |
  Feature.JOBS |
  Feature.STATS |
  Feature.LOG |
  Feature.RESET_APPLICATION |
  Feature.RESET_BOOTLOADER |
  Feature.END_OF_INPUT

function isAnswer(action: number): boolean {
  return action === Action.REPLY || action === Action.ERROR || action === Action.ACK
}
