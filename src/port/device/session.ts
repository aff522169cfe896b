/** The device's side of the protocol: one boot of a device that a host opens. The C++ library does the same in C++. */

import { decodeResult, encodeArgs, encodeFields } from '../../contract/index.js'
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
} from '../../wire/index.js'
import { DEVICE_DEFAULTS } from '../limits.js'
import { SEVERITIES } from '../types.js'
import { createDeviceBaudRate } from './baud-rate.js'
import { type CallAnswer, type CallServer, createCallServer } from './calls.js'
import { createEventSender } from './events.js'
import { createProtocolCalls } from './protocol-calls.js'
import { type AskEnd, createRequestSender } from './requests.js'
import type { DeviceCounters, DeviceSession, DeviceSessionOptions } from './types.js'

export type { DeviceCounters, DeviceSession, DeviceSessionOptions } from './types.js'

type Message = Extract<DecodedMessage, { readonly ok: true }>

interface OpenSession {
  readonly calls: CallServer
  readonly bound: Set<number>
  plainSent: number
  /** The TICK that confirms it has come. */
  confirmed: boolean
}

const HELLO_TOKEN = 1
const MAX_STATUS = 255

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
    framesDropped: 0,
    eventsDropped: 0,
  }
  let session: OpenSession | undefined
  let stopped = false
  const send = (action: number, token: number, value: Uint8Array | undefined) => {
    if (!stopped) options.write(action, token, value)
  }
  const events = createEventSender({
    clock,
    random: options.random,
    window: device.window,
    maxKeptEvents: options.maxKeptEvents,
    lossless,
    send,
    encodeCount: (count) => codec.encode(count),
  })
  const requests = createRequestSender({ clock, random: options.random, codec, lossless, send })
  const answerProtocolCall = createProtocolCalls({ contract, counters, endOfInput: () => options.endOfInput?.() })
  const baudRate = options.baudRate && createDeviceBaudRate(clock, options.baudRate)
  const features =
    FEATURES | (baudRate ? Feature.BAUD_RATES : 0) | (options.hasBootloader ? Feature.RESET_BOOTLOADER : 0)

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
      features,
      uptimeMs: uptimeMs(),
      firmwareVersion: device.firmwareVersion,
      contractName: contract.name,
      contractVersion: contract.version,
      baudRates: options.baudRate?.others ?? null,
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
    if (!session) return withoutSession(action, token)
    baudRate?.heard()
    if (isAnswer(action)) {
      if (!answered(session, action, token, value)) refuse()
      return
    }
    const now = session
    if (token !== 0) taken(now, action, token, (answer) => call(now, message, answer))
    else if (now.confirmed && action < FIRST_PROTOCOL_ACTION && now.calls.cast(action, value)) counters.taken += 1
    else refuse()
  }

  /** Never ERROR, which would belong to another boot's call: the announcement tells that the device has restarted. */
  const withoutSession = (action: number, token: number) => {
    if (action === Action.RESET || (token !== 0 && !isAnswer(action))) announce()
  }

  /** @returns false when it is of no use */
  const answered = (now: OpenSession, action: number, token: number, value: unknown): boolean => {
    if (!now.confirmed || token === 0) return false
    if (action !== Action.ACK) return requests.answered(action, token, value)
    const missing = value ?? undefined
    return (missing === undefined || isToken(missing)) && events.acknowledged(token, missing || undefined)
  }

  const taken = (now: OpenSession, action: number, token: number, run: (answer: CallAnswer) => void) => {
    // Before the TICK that confirms the session nothing else is taken.
    if (!now.confirmed && action !== Action.TICK) {
      counters.refusedTokens += 1
      return
    }
    const verdict = now.calls.received(token, (answer) => {
      counters.taken += 1 // before it runs: STATS counts itself
      run(answer)
    })
    if (verdict === 'repeated') counters.repeatsAnswered += 1
    else if (verdict === 'refused') counters.refusedTokens += 1
  }

  /** A call with a bad value holds its token like any other, and so does an answer. */
  const undecodable = ({ action, token = 0, reason }: Extract<DecodedMessage, { readonly ok: false }>) => {
    if (action === undefined || action === Action.HELLO) return refuse()
    if (!session) return withoutSession(action, token)
    baudRate?.heard()
    if (action === Action.REPLY || action === Action.ERROR) {
      if (!answered(session, action, token, undefined)) refuse()
    } else if (token === 0 || action === Action.ACK || action === Action.RESET) refuse()
    else taken(session, action, token, (answer) => answer.error(ErrorNumber.BAD_ARGUMENTS, reason))
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
      jobTold: () => options.jobTold?.(),
      executed: () => {
        counters.executed += 1
      },
    })
    session = { calls, bound: new Set(), plainSent: 0, confirmed: false }
    events.reset(host.heartbeatMs)
    requests.reset(host.heartbeatMs)
    send(Action.REPLY, token, hello(host.session))
    baudRate?.helloAnswered(host)
  }

  const resetReceived = ({ action, token, value }: Message) => {
    const [mode, named] = Array.isArray(value) ? (value as unknown[]) : []
    if (named === epoch && mode === 0) return options.reset('application')
    if (named === epoch && mode === 1 && options.hasBootloader) return options.reset('bootloader')
    // For another boot: its own announcement may have been lost.
    if (session) refuse()
    else withoutSession(action, token)
  }

  const call = (now: OpenSession, { action, token, value }: Message, answer: CallAnswer) => {
    if (action < FIRST_PROTOCOL_ACTION) return now.calls.run(action, value, token, answer)
    if (action !== Action.TICK && action !== Action.SKIP) return answerProtocolCall(now, action, value, answer)
    if (value !== null) return answer.error(ErrorNumber.BAD_ARGUMENTS)
    if (action === Action.SKIP) return answer.error(ErrorNumber.SKIPPED)
    answer.reply([uptimeMs(), now.plainSent, epoch])
    confirm(now)
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
    frameDropped() {
      counters.framesDropped += 1
    },
    emit(name, value) {
      const event = contract.events.get(name)
      if (!event) throw new PortwireError('ARGUMENT_INVALID', `${contract.name} has no event ${name}`)
      const fields = encodeFields(name, event.fields, value)
      const encoded = fields === undefined ? undefined : codec.encode(fields)
      if (event.acknowledged) {
        const verdict = events.emit(event.index, encoded)
        if (verdict === 'full') counters.eventsDropped += 1
        return verdict === 'kept'
      }
      if (!session?.confirmed || !session.bound.has(event.index)) return false
      session.plainSent += 1
      send(event.index, 0, encoded)
      return true
    },
    async ask(name, args, deadlineMs = DEVICE_DEFAULTS.askDeadlineMs) {
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
    exit(status) {
      if (!Number.isInteger(status) || status < 0 || status > MAX_STATUS) {
        throw new PortwireError('ARGUMENT_INVALID', `exit: ${status} is not a status from 0 to ${MAX_STATUS}`)
      }
      return events.exit(codec.encode(status))
    },
    abandonCalls: () => session?.calls.end(),
    get unfinishedJobs() {
      return session?.calls.unfinishedJobs ?? 0
    },
    get keptEvents() {
      return events.kept
    },
    stop() {
      stopped = true
      session?.calls.end()
      events.stop()
      requests.stop()
      baudRate?.stop()
    },
    counters,
  }
}

const FEATURES =
  Feature.BIND |
  Feature.ACKNOWLEDGED_EVENTS |
  Feature.REQUESTS |
  Feature.JOBS |
  Feature.DESCRIBE |
  Feature.STATS |
  Feature.LOG |
  Feature.RESET_APPLICATION |
  Feature.END_OF_INPUT

function isAnswer(action: number): boolean {
  return action === Action.REPLY || action === Action.ERROR || action === Action.ACK
}

function isToken(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= 255
}
