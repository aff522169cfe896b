/** The device's side of the protocol: one boot of a device that a host opens. The C++ library does the same in C++. */

import type { Clock, Random } from '../clock.js'
import {
  type Contract,
  type Action as ContractAction,
  decodeFields,
  encodeFields,
  encodeResult,
} from '../contract/index.js'
import { PortwireError } from '../errors.js'
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
  nextToken,
  PROTOCOL_VERSION,
  type ValueCodec,
} from '../wire/index.js'
import { createEventSender } from './event-sender.js'
import { SEVERITIES, type Severity } from './types.js'

/** Thrown by a handler: the call is answered by ERROR with this number, from 16 on. */
export class ApplicationError extends Error {
  override readonly name = 'ApplicationError'
  readonly errorNumber: number

  constructor(errorNumber: number, message: string) {
    super(message)
    this.errorNumber = errorNumber
  }
}

export type DeviceHandler = (args: Record<string, unknown>) => unknown

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
}

export interface DeviceSession {
  readonly epoch: number
  /** Says hello unasked, as a device does that has booted. */
  announce(): void
  receive(content: Uint8Array): void
  /** @returns false when the event was not taken: plain and nobody listens, or reliable and the queue is full */
  emit(event: string, value: unknown): boolean
  log(severity: Severity, text: string): void
  /** Tells the host the exit code; nothing follows. */
  exit(status: number): void
  /** The boot is over. */
  stop(): void
  readonly counters: DeviceCounters
}

export interface DeviceCounters {
  executed: number
  repeatsAnswered: number
  refusedTokens: number
  refusedMessages: number
  eventsDropped: number
}

type Message = Extract<DecodedMessage, { readonly ok: true }>

/** An answer that is kept for a repeat; undefined while the handler runs. */
type Answered = { readonly action: number; readonly value: Uint8Array | undefined } | undefined

interface OpenSession {
  readonly number: number
  expectedToken: number
  readonly answers: Map<number, Answered>
  readonly bound: Set<number>
  plainSent: number
  /** The TICK that confirms it has come. */
  confirmed: boolean
}

const FIRST_CALL_TOKEN = 2
const HELLO_TOKEN = 1

export function createDeviceSession(options: DeviceSessionOptions): DeviceSession {
  const { clock, codec, contract, device, lossless } = options
  const epoch = Math.floor(options.random() * 0xffff_ffff) + 1
  const bootMs = clock.nowMs()
  const counters: DeviceCounters = {
    executed: 0,
    repeatsAnswered: 0,
    refusedTokens: 0,
    refusedMessages: 0,
    eventsDropped: 0,
  }
  let session: OpenSession | undefined
  let stopped = false
  const events = createEventSender({
    clock,
    window: device.window,
    maxKeptEvents: options.maxKeptEvents,
    lossless,
    send: (action, token, value) => options.write(action, token, value),
    encodeCount: (count) => codec.encode(count),
  })

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
      features:
        Feature.BIND |
        Feature.ACKNOWLEDGED_EVENTS |
        Feature.LOG |
        Feature.RESET_APPLICATION |
        Feature.RESET_BOOTLOADER |
        Feature.END_OF_INPUT,
      uptimeMs: uptimeMs(),
      firmwareVersion: device.firmwareVersion,
      contractName: contract.name,
      contractVersion: contract.version,
    }
    return codec.encode(encodeDeviceHello(value))
  }
  const announce = () => options.write(Action.HELLO, 0, hello(null))

  const receive = (content: Uint8Array) => {
    if (stopped) return
    const message = decodeMessage(codec, content)
    if (!message.ok) {
      refuseUndecodable(message)
      return
    }
    const { action, token, value } = message
    if (action === Action.HELLO) return helloReceived(message)
    if (action === Action.RESET) return resetReceived(message)
    if (!session) {
      if (token !== 0 && !isAnswer(action)) announce()
      return
    }
    if (isAnswer(action)) {
      if (action === Action.ACK) events.acknowledged(token, typeof value === 'number' ? value : undefined)
      return
    }
    if (token === 0) return cast(message)
    if (token === session.expectedToken) {
      session.expectedToken = nextToken(token)
      take(session, message)
      return
    }
    repeated(session, token)
  }

  const refuseUndecodable = (message: Extract<DecodedMessage, { readonly ok: false }>) => {
    counters.refusedMessages += 1
    const { action, token } = message
    if (!session || action === undefined || !token || isAnswer(action)) return
    if (token !== session.expectedToken) return repeated(session, token)
    session.expectedToken = nextToken(token)
    answer(session, token, Action.ERROR, codec.encode([ErrorNumber.BAD_ARGUMENTS, message.reason]))
  }

  const helloReceived = ({ token, value }: Message) => {
    const host = decodeHostHello(value)
    if (!host || token !== HELLO_TOKEN) {
      counters.refusedMessages += 1
      return
    }
    session = {
      number: host.session,
      expectedToken: FIRST_CALL_TOKEN,
      answers: new Map(),
      bound: new Set(),
      plainSent: 0,
      confirmed: false,
    }
    events.reset(host.heartbeatMs)
    options.write(Action.REPLY, token, hello(host.session))
  }

  const resetReceived = ({ value }: Message) => {
    const [mode, named] = Array.isArray(value) ? (value as unknown[]) : []
    if (named !== epoch || (mode !== 0 && mode !== 1)) return
    options.reset(mode === 0 ? 'application' : 'bootloader')
  }

  const repeated = (open: OpenSession, token: number) => {
    const kept = open.answers.get(token)
    if (kept) {
      counters.repeatsAnswered += 1
      options.write(kept.action, token, kept.value)
    } else if (!open.answers.has(token)) {
      counters.refusedTokens += 1
    }
  }

  const answer = (open: OpenSession, token: number, action: number, value: Uint8Array | undefined) => {
    if (stopped || session !== open) return // a new session began while the handler ran
    const tooLarge = 2 + (value?.length ?? 0) > 65_535
    const kept = tooLarge ? { action: Action.ERROR, value: codec.encode([ErrorNumber.REPLY_GONE]) } : { action, value }
    open.answers.delete(token)
    open.answers.set(token, kept)
    while (open.answers.size > device.window) open.answers.delete(open.answers.keys().next().value!)
    options.write(kept.action, token, kept.value)
  }

  const take = (open: OpenSession, message: Message) => {
    const { action, token, value } = message
    const fail = (errorNumber: number, text?: string) =>
      answer(open, token, Action.ERROR, codec.encode(text === undefined ? [errorNumber] : [errorNumber, text]))
    switch (action) {
      case Action.TICK:
        answer(open, token, Action.REPLY, codec.encode([uptimeMs(), open.plainSent, epoch]))
        if (!open.confirmed) {
          open.confirmed = true
          events.open()
        }
        return
      case Action.SKIP:
        return fail(ErrorNumber.SKIPPED)
      case Action.BIND: {
        const [index, on] = Array.isArray(value) ? (value as unknown[]) : []
        if (typeof index !== 'number' || typeof on !== 'boolean') return fail(ErrorNumber.BAD_ARGUMENTS)
        if (on) open.bound.add(index)
        else open.bound.delete(index)
        return answer(open, token, Action.REPLY, codec.encode(0))
      }
      case Action.END_OF_INPUT:
        answer(open, token, Action.REPLY, codec.encode(0))
        options.endOfInput?.()
        return
    }
    if (action >= FIRST_PROTOCOL_ACTION) return fail(ErrorNumber.UNKNOWN_ACTION)
    const found = findHandler(action)
    if (!found) return fail(ErrorNumber.UNKNOWN_ACTION)
    const args = decodeFields(found.action.name, found.action.args, value)
    if (!args.ok) return fail(ErrorNumber.BAD_ARGUMENTS, args.problem)
    open.answers.set(token, undefined)
    counters.executed += 1
    const done = (result: unknown) => {
      answer(open, token, Action.REPLY, codec.encode(encodeResult(found.action.name, found.action.result, result)))
    }
    const failed = (error: unknown) => fail(...errorAnswer(error))
    try {
      const result = found.handler(args.value as Record<string, unknown>)
      if (result instanceof Promise) result.then(done).catch(failed)
      else done(result)
    } catch (error) {
      failed(error)
    }
  }

  const cast = ({ action, value }: Message) => {
    const found = findHandler(action)
    const args = found && decodeFields(found.action.name, found.action.args, value)
    if (!found || !args?.ok) {
      counters.refusedMessages += 1
      return
    }
    counters.executed += 1
    try {
      const result = found.handler(args.value as Record<string, unknown>)
      if (result instanceof Promise) result.catch(() => {})
    } catch {
      counters.refusedMessages += 1 // nobody waits for an answer
    }
  }

  const findHandler = (index: number): { action: ContractAction; handler: DeviceHandler } | undefined => {
    const member = contract.byIndex.get(index)
    if (member?.kind !== 'action') return undefined
    const handler = options.handlers[member.name]
    return handler && { action: contract.actions.get(member.name)!, handler }
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
        const taken = events.emit(event.index, encoded)
        if (!taken) counters.eventsDropped += 1
        return taken
      }
      if (!session?.confirmed || !session.bound.has(event.index)) return false
      session.plainSent += 1
      options.write(event.index, 0, encoded)
      return true
    },
    log(severity, text) {
      options.write(Action.LOG, 0, codec.encode([SEVERITIES.indexOf(severity), text]))
    },
    exit(status) {
      events.emit(Action.EXIT, codec.encode(status))
    },
    stop() {
      stopped = true
      events.stop()
    },
    counters,
  }
}

function isAnswer(action: number): boolean {
  return action === Action.REPLY || action === Action.ERROR || action === Action.ACK
}

function errorAnswer(error: unknown): [number, string] {
  if (error instanceof ApplicationError && error.errorNumber >= ErrorNumber.FIRST_APPLICATION) {
    return [error.errorNumber, error.message]
  }
  return [ErrorNumber.FIRST_APPLICATION, error instanceof Error ? error.message : String(error)]
}
