/** The host's side of one session: hello, the confirming TICK, then calls and events until something ends it.
 * It knows no stream and no clock of its own: bytes, time and randomness are handed in. docs/protocol.md is what it follows. */

import type { CancelTimer, Clock, Random } from '../clock.js'
import { type Contract, decodeFields, type Event } from '../contract/index.js'
import { PortwireError } from '../errors.js'
import { type Exit, RESET_CAUSES } from '../exit.js'
import {
  Action,
  type DecodedMessage,
  type DeviceHello,
  decodeDeviceHello,
  decodeMessage,
  encodeHostHello,
  Feature,
  FIRST_PROTOCOL_ACTION,
  PROTOCOL_VERSION,
  type ValueCodec,
} from '../wire/index.js'
import { type CallLane, createCallLane } from './call-lane.js'
import type { CallQueues } from './call-queue.js'
import { createEventLane, type EventLane } from './event-lane.js'
import { HELLO_PACE, HOST_WINDOW_BYTES, MAX_SAMPLE_BYTES, REPEAT_TIMER, SILENT_HEARTBEATS } from './limits.js'
import { createLine, type Line } from './line.js'
import type { Answer, PendingCall } from './pending.js'
import { createRoom } from './room.js'
import { createRoundTripEstimator, type RoundTripEstimator } from './rtt.js'
import { type DeviceInfo, type PortCounters, SEVERITIES, type Severity } from './types.js'

type Message = Extract<DecodedMessage, { readonly ok: true }>

export interface SessionHandlers {
  /** Hello is confirmed; nothing but calls of onStart goes out until `open()`. */
  up(device: DeviceInfo): void
  plainEvent(event: Event, value: unknown, epoch: number): void
  /** Resolves when the consumer has finished. */
  reliableEvent(event: Event, value: unknown, number: number, epoch: number): void | Promise<void>
  consumerStopped(event: string, error: unknown): void
  log(severity: Severity, text: string): void
  eventsLost(count: number): void
  eventsDropped(count: number): void
  refused(problem: string): void
  /** The session is over; all that was written has ended. Called once. */
  ended(exit: Exit): void
}

export interface SessionOptions {
  readonly clock: Clock
  readonly random: Random
  readonly codec: ValueCodec
  readonly contract: Contract
  readonly contractMismatch: 'error' | 'warn'
  readonly lossless: boolean
  readonly baudRate: number | undefined
  /** 0: no heartbeat. */
  readonly heartbeatMs: number
  readonly readyTimeoutMs: number
  readonly queues: CallQueues
  readonly counters: PortCounters
  readonly handlers: SessionHandlers
  /** Encodes and writes a message; returns its bytes on the wire. */
  readonly write: (action: number, token: number, value: Uint8Array | undefined) => number
  readonly wireBytes: (contentBytes: number) => number
}

export interface Session {
  start(): void
  /** One content as framing delivered it. */
  receive(content: Uint8Array): void
  /** Bytes that are no message, for the error that no hello came. */
  sample(bytes: Uint8Array): void
  /** onStart is through: held calls and events flow. */
  open(): void
  /** Sends what may be sent; call it after a queue has grown. */
  pump(): void
  /** Tells the device to send a plain event, or to stop. */
  bind(eventIndex: number, on: boolean): void
  /** The deadline of a written call has come. */
  giveUp(call: PendingCall): void
  end(exit: Exit): void
  readonly unanswered: number
  readonly roundTripMs: number | undefined
}

/** `hello`: asking. `confirm`: answered, waiting for the TICK. `up`: calls of onStart. `open`: all. */
type Phase =
  | { readonly kind: 'hello' }
  | { readonly kind: 'confirm' | 'up' | 'open'; readonly live: Live }
  | { readonly kind: 'ended' }

/** What exists only once the device has said hello. */
interface Live {
  readonly device: DeviceInfo
  readonly line: Line
  readonly calls: CallLane
  readonly events: EventLane<ReliableEvent>
  readonly rtt: RoundTripEstimator
  readonly heartbeatMs: number
}

type ReliableEvent =
  | { readonly kind: 'event'; readonly event: Event; readonly value: unknown }
  | { readonly kind: 'dropped'; readonly count: number }
  /** The last of them. */
  | { readonly kind: 'exit'; readonly status: number }
  | { readonly kind: 'refused'; readonly problem: string }

interface ProtocolCall {
  readonly action: number
  readonly value: Uint8Array | undefined
  readonly what: string
}

const HOST_HELLO_TOKEN = 1
const FIRST_CALL_TOKEN = 2

/** What only hosts send: to receive it is to read one's own echo. */
const HOST_ONLY: ReadonlySet<number> = new Set([
  Action.TICK,
  Action.DESCRIBE,
  Action.BIND,
  Action.RESET,
  Action.STATS,
  Action.END_OF_INPUT,
  Action.CANCEL,
])

export function createSession(options: SessionOptions): Session {
  const { clock, codec, contract, counters, handlers, queues } = options
  const sessionNumber = Math.floor(options.random() * 0xffff_ffff) + 1
  const startedMs = clock.nowMs()
  let phase: Phase = { kind: 'hello' }
  let cancelHello: CancelTimer = () => {}
  let cancelReady: CancelTimer = () => {}
  let cancelHeartbeat: CancelTimer = () => {}
  let lastAnnouncementAnswerMs = Number.NEGATIVE_INFINITY
  let lastGoodFrameMs = startedMs
  /** The silence clock stands still while a call waits; it goes on from here. */
  let silenceFromMs = startedMs
  let plainHeard = 0
  let plainKnown = false
  const sampled: number[] = []
  const protocolCalls: ProtocolCall[] = []
  let pendingAck: { readonly token: number; readonly missing: number | undefined } | undefined
  let errorAnswers: { readonly token: number; readonly value: Uint8Array }[] = []
  /** What waits for room, so that smaller messages do not overtake it for ever. */
  let waiting: 'error' | 'ack' | 'lossy' | 'numbered' | undefined

  // ---- hello ------------------------------------------------------------------------------------------------------

  const sayHello = () => {
    const hello = {
      version: PROTOCOL_VERSION,
      session: sessionNumber,
      windowBytes: HOST_WINDOW_BYTES,
      heartbeatMs: options.heartbeatMs,
    }
    if (!options.lossless) {
      cancelHello()
      const slow = clock.nowMs() - startedMs >= HELLO_PACE.slowAfterMs
      cancelHello = clock.after(slow ? HELLO_PACE.slowMs : HELLO_PACE.firstMs, sayHello)
    }
    options.write(Action.HELLO, HOST_HELLO_TOKEN, codec.encode(encodeHostHello(hello)))
  }

  const helloAnswered = (message: Message) => {
    if (message.token !== HOST_HELLO_TOKEN) return
    if (message.action === Action.ERROR) {
      end(failed('HELLO_TIMEOUT', 'the peer answered hello with an error: it speaks another protocol'))
      return
    }
    const hello = message.action === Action.REPLY ? decodeDeviceHello(message.value) : undefined
    // A reply of an earlier session may still be in the buffers: only ours counts.
    if (!hello || hello.session !== sessionNumber) return
    cancelHello()
    const device = deviceInfo(hello)
    const mismatch = contractProblem(hello, contract)
    if (mismatch) {
      if (options.contractMismatch === 'error') {
        end(failed('CONTRACT_MISMATCH', mismatch))
        return
      }
      handlers.refused(mismatch)
    }
    phase = { kind: 'confirm', live: goLive(device, hello) }
    sendTick(phase.live)
  }

  const goLive = (device: DeviceInfo, hello: DeviceHello): Live => {
    // The host's heartbeat is at most a third of the device's dead-man time.
    const bound = hello.deadManMs > 0 ? hello.deadManMs / SILENT_HEARTBEATS : Number.POSITIVE_INFINITY
    const heartbeatMs = Math.min(options.heartbeatMs || (bound === Number.POSITIVE_INFINITY ? 0 : bound), bound)
    const room = createRoom(device.receiveBytes)
    const line = createLine({
      clock,
      room,
      write: options.write,
      wireBytes: options.wireBytes,
      baudRate: options.baudRate,
    })
    const rtt = createRoundTripEstimator(heartbeatMs || REPEAT_TIMER.maxMs)
    const calls = createCallLane({
      clock,
      line,
      room,
      rtt,
      lossless: options.lossless,
      firstToken: FIRST_CALL_TOKEN,
      window: device.window,
      answerContentBytes: Math.max(device.maxContentBytes, MAX_SAMPLE_BYTES),
      slowestRepeatMs: (heartbeatMs || REPEAT_TIMER.maxMs) / 4,
      repeated: () => {
        counters.repeatsSent += 1
      },
    })
    const events = createEventLane<ReliableEvent>({
      first: hello.eventSeq,
      acknowledge(token, missing) {
        // A later ACK covers an earlier one that still waits; a gap that it named is named again by the next event.
        pendingAck = { token, missing }
        pump()
      },
      consume(item, number) {
        switch (item.kind) {
          case 'event':
            return handlers.reliableEvent(item.event, item.value, number, device.epoch)
          case 'dropped':
            counters.eventsDropped += item.count
            return handlers.eventsDropped(item.count)
          case 'exit':
            return end({ kind: 'exit', status: item.status })
          case 'refused':
            return refuse(item.problem)
        }
      },
      stopped(item, error) {
        handlers.consumerStopped(item.kind === 'event' ? item.event.name : item.kind, error)
      },
    })
    return { device, line, calls, events, rtt, heartbeatMs }
  }

  const confirmed = (live: Live) => {
    cancelReady()
    phase = { kind: 'up', live }
    silenceFromMs = clock.nowMs()
    if (live.heartbeatMs > 0) heartbeat()
    handlers.up(live.device)
  }

  // ---- liveness ---------------------------------------------------------------------------------------------------

  const sendTick = (live: Live) => {
    counters.ticks += 1
    live.calls.sendProtocol(Action.TICK, undefined, (answer, copies) => {
      const [uptimeMs, plain, epoch] = tickOf(answer)
      if (uptimeMs === undefined || plain === undefined || epoch === undefined) {
        end({ kind: 'protocol', detail: 'the reply to TICK is not [uptime, plain, epoch]' })
        return
      }
      if (epoch !== live.device.epoch) {
        end({ kind: 'reset', cause: 'unknown' })
        return
      }
      // An answer to a copy may come from the cache and be older than what was heard meanwhile.
      if (copies === 1) comparePlain(plain)
      if (phase.kind === 'confirm') confirmed(live)
    })
  }

  const comparePlain = (sentByDevice: number) => {
    if (plainKnown && sentByDevice > plainHeard) {
      counters.plainEventsLost += sentByDevice - plainHeard
      handlers.eventsLost(sentByDevice - plainHeard)
    }
    plainKnown = true
    plainHeard = sentByDevice
  }

  const heartbeat = () => {
    if (phase.kind !== 'up' && phase.kind !== 'open') return
    const { live } = phase
    const nowMs = clock.nowMs()
    const limitMs = SILENT_HEARTBEATS * live.heartbeatMs
    // A handler may block loop() for as long as its call may take.
    if (live.calls.callWaits()) silenceFromMs = nowMs
    const oldest = live.calls.oldest()
    const probeFromMs = oldest?.isProbe ? Math.max(oldest.firstAtMs, silenceFromMs) : nowMs
    if (nowMs - Math.max(lastGoodFrameMs, silenceFromMs) >= limitMs || nowMs - probeFromMs >= limitMs) {
      end({ kind: 'silent' })
      return
    }
    const quiet =
      nowMs - live.line.lastWriteMs >= live.heartbeatMs * 0.99 || nowMs - lastGoodFrameMs >= live.heartbeatMs * 0.99
    if (live.calls.unanswered === 0 && quiet) sendTick(live)
    cancelHeartbeat = clock.after(live.heartbeatMs / 4, heartbeat)
  }

  // ---- receiving --------------------------------------------------------------------------------------------------

  const receive = (content: Uint8Array) => {
    if (phase.kind === 'ended') return
    const message = decodeMessage(codec, content)
    if (!message.ok) {
      // During hello it may be anything; later it is a fault of the peer that must be seen.
      if (phase.kind !== 'hello') refuse(`a message that does not decode (${message.reason})`)
      return
    }
    counters.messagesReceived += 1
    lastGoodFrameMs = clock.nowMs()
    if (isEcho(message, contract)) {
      end({ kind: 'protocol', detail: 'echo: the line sends back what the host wrote' })
      return
    }
    if (message.action === Action.LOG) {
      receiveLog(message.value)
      return
    }
    if (message.action === Action.HELLO) {
      announced(message)
      return
    }
    switch (phase.kind) {
      case 'hello':
        helloAnswered(message)
        return
      case 'confirm':
      case 'up':
      case 'open':
        receiveLive(message, phase.live)
    }
  }

  const announced = (message: Message) => {
    if (phase.kind !== 'hello') {
      const hello = decodeDeviceHello(message.value)
      end({ kind: 'reset', cause: RESET_CAUSES[hello?.resetCause ?? 0] ?? 'unknown' })
      return
    }
    // A device without a session answers every message by its announcement: one hello for a burst of them is enough.
    const nowMs = clock.nowMs()
    if (nowMs - lastAnnouncementAnswerMs < HELLO_PACE.answerToAnnouncementMs) return
    lastAnnouncementAnswerMs = nowMs
    sayHello()
  }

  const receiveLive = (message: Message, live: Live) => {
    const { action, token, value } = message
    switch (action) {
      case Action.REPLY:
        settle(live, token, { kind: 'reply', value })
        return
      case Action.ERROR: {
        const [errorNumber, text] = Array.isArray(value) ? (value as unknown[]) : []
        if (typeof errorNumber !== 'number') {
          refuse('an ERROR without a number')
          return
        }
        settle(live, token, { kind: 'error', errorNumber, text: typeof text === 'string' ? text : undefined })
        return
      }
      case Action.EXIT:
        reliable(live, token, { kind: 'exit', status: typeof value === 'number' ? value : 0 })
        return
      case Action.SKIP:
        // With a value it takes the place of events that the device had to drop.
        if (typeof value === 'number') reliable(live, token, { kind: 'dropped', count: value })
        return
    }
    if (action >= FIRST_PROTOCOL_ACTION) {
      refuse(`action 0x${action.toString(16)} is not expected here`)
      return
    }
    receiveApplication(message, live)
  }

  const receiveApplication = (message: Message, live: Live) => {
    const { action, token, value } = message
    const member = contract.byIndex.get(action)
    if (member?.kind === 'request') {
      // Nobody handles requests yet; the device is told at once, each copy alike.
      errorAnswers.push({ token, value: codec.encode([1]) })
      pump()
      return
    }
    const event = member?.kind === 'event' ? contract.events.get(member.name) : undefined
    if (token !== 0) {
      reliable(live, token, readReliable(event, action, value))
      return
    }
    plainHeard += 1
    if (phase.kind === 'confirm') return
    const decoded = event && decodeFields(`event ${event.name}`, event.fields, value)
    if (!event || !decoded?.ok) {
      refuse(decoded && !decoded.ok ? decoded.problem : `event ${action} is not in the contract`)
      return
    }
    counters.eventsReceived += 1
    handlers.plainEvent(event, decoded.value, live.device.epoch)
  }

  const readReliable = (event: Event | undefined, index: number, value: unknown): ReliableEvent => {
    if (!event) return { kind: 'refused', problem: `event ${index} is not in the contract` }
    const decoded = decodeFields(`event ${event.name}`, event.fields, value)
    return decoded.ok ? { kind: 'event', event, value: decoded.value } : { kind: 'refused', problem: decoded.problem }
  }

  const reliable = (live: Live, token: number, item: ReliableEvent) => {
    const verdict = live.events.received(token, item)
    if (verdict === 'taken') counters.eventsReceived += 1
    else if (verdict === 'repeated') counters.eventsRepeated += 1
  }

  const settle = (live: Live, token: number, answer: Answer) => {
    if (!live.calls.answered(token, answer)) counters.lateReplies += 1
    pump()
  }

  const receiveLog = (value: unknown) => {
    const [severity, text] = Array.isArray(value) ? (value as unknown[]) : []
    const word = typeof severity === 'number' ? SEVERITIES[severity] : undefined
    if (word === undefined || typeof text !== 'string') refuse('a LOG that is not [severity, text]')
    else handlers.log(word, text)
  }

  const refuse = (problem: string) => {
    counters.messagesRefused += 1
    handlers.refused(problem)
  }

  // ---- sending ----------------------------------------------------------------------------------------------------

  /** Answers first, then calls and casts by age. What waits for room is not overtaken, not by ACKs either. */
  const pump = () => {
    while (phase.kind === 'up' || phase.kind === 'open') {
      const { live } = phase
      const next = choose(live, phase.kind === 'open')
      if (!next) return
      if (!live.line.fits(next.valueBytes)) {
        waiting = next.kind
        // Its answer proves that the device has read, and makes room.
        if (live.calls.unanswered === 0) sendTick(live)
        return
      }
      waiting = undefined
      next.send()
    }
  }

  interface Candidate {
    readonly kind: NonNullable<typeof waiting>
    readonly valueBytes: number
    send(): void
  }

  const choose = (live: Live, isOpen: boolean): Candidate | undefined => {
    const candidates = {
      error: () => errorCandidate(live),
      ack: () => ackCandidate(live),
      numbered: () => numberedCandidate(live, isOpen),
      lossy: () => (isOpen ? lossyCandidate(live) : undefined),
    }
    if (waiting) {
      const first = candidates[waiting]()
      if (first) return first
      // The TICK that makes room for a call holds its place in a window of one.
      const tickAsksForRoom = live.calls.oldest()?.action === Action.TICK
      if (waiting === 'numbered' && tickAsksForRoom && numberedWaits(isOpen)) return undefined
    }
    const answer = candidates.error() ?? candidates.ack()
    if (answer) return answer
    const numbered = candidates.numbered()
    const lossy = candidates.lossy()
    if (!numbered || !lossy) return numbered ?? lossy
    return numbered.madeAtMs <= lossy.madeAtMs ? numbered : lossy
  }

  const errorCandidate = (live: Live): Candidate | undefined => {
    const first = errorAnswers[0]
    if (!first) return undefined
    return {
      kind: 'error',
      valueBytes: first.value.length,
      send() {
        errorAnswers.shift()
        live.line.put(Action.ERROR, first.token, first.value)
      },
    }
  }

  const ackCandidate = (live: Live): Candidate | undefined => {
    if (!pendingAck) return undefined
    const { token, missing } = pendingAck
    const value = missing === undefined ? undefined : codec.encode(missing)
    return {
      kind: 'ack',
      valueBytes: value?.length ?? 0,
      send() {
        pendingAck = undefined
        live.line.put(Action.ACK, token, value)
      },
    }
  }

  const numberedCandidate = (live: Live, isOpen: boolean): (Candidate & { madeAtMs: number }) | undefined => {
    if (!live.calls.windowFree()) return undefined
    const own = protocolCalls[0]
    if (own) {
      return {
        kind: 'numbered',
        madeAtMs: Number.NEGATIVE_INFINITY,
        valueBytes: own.value?.length ?? 0,
        send() {
          protocolCalls.shift()
          live.calls.sendProtocol(own.action, own.value, (answer) => {
            if (answer.kind === 'error') refuse(`${own.what}: the device answered error ${answer.errorNumber}`)
          })
        },
      }
    }
    const queue = queues.start.peek() || !isOpen ? queues.start : queues.numbered
    const call = fitting(live, queue)
    if (!call) return undefined
    return {
      kind: 'numbered',
      madeAtMs: call.madeAtMs,
      valueBytes: call.value?.length ?? 0,
      send() {
        queue.shift()
        live.calls.send(call)
      },
    }
  }

  const numberedWaits = (isOpen: boolean): boolean =>
    protocolCalls.length > 0 || queues.start.peek() !== undefined || (isOpen && queues.numbered.peek() !== undefined)

  const lossyCandidate = (live: Live): (Candidate & { madeAtMs: number }) | undefined => {
    const call = fitting(live, queues.lossy)
    if (!call) return undefined
    return {
      kind: 'lossy',
      madeAtMs: call.madeAtMs,
      valueBytes: call.value?.length ?? 0,
      send() {
        queues.lossy.shift()
        call.state = 'written'
        live.line.put(call.action.index, 0, call.value)
        call.answered({ kind: 'reply', value: null })
      },
    }
  }

  /** The oldest call that the device can take at all; those it cannot are ended on the way. */
  const fitting = (live: Live, queue: CallQueues['numbered']): PendingCall | undefined => {
    for (let call = queue.peek(); call; call = queue.peek()) {
      const bytes = 2 + (call.value?.length ?? 0)
      if (bytes <= live.device.maxContentBytes) return call
      queue.shift()
      call.failed({ kind: 'too-large', bytes, maxBytes: live.device.maxContentBytes })
    }
    return undefined
  }

  // ---- ends -------------------------------------------------------------------------------------------------------

  const end = (exit: Exit) => {
    if (phase.kind === 'ended') return
    const was = phase
    phase = { kind: 'ended' }
    cancelHello()
    cancelReady()
    cancelHeartbeat()
    errorAnswers = []
    pendingAck = undefined
    if (was.kind !== 'hello') {
      was.live.events.stop()
      const { calls, givenUp } = was.live.calls.end()
      for (const call of calls) call.failed({ kind: 'exit', outcome: 'unknown', exit })
      for (const call of givenUp) call.settled('unknown')
    }
    handlers.ended(exit)
  }

  return {
    start() {
      cancelReady = clock.after(options.readyTimeoutMs, () => {
        end(failed('HELLO_TIMEOUT', helloProblem(options.readyTimeoutMs, sampled)))
      })
      sayHello()
    },
    receive,
    sample(bytes) {
      if (phase.kind !== 'hello') return
      for (const byte of bytes) if (sampled.length < MAX_SAMPLE_BYTES) sampled.push(byte)
    },
    open() {
      if (phase.kind !== 'up') return
      phase = { kind: 'open', live: phase.live }
      phase.live.events.start()
      pump()
    },
    pump,
    bind(eventIndex, on) {
      if (phase.kind !== 'up' && phase.kind !== 'open') return
      if ((phase.live.device.features & Feature.BIND) === 0) return
      protocolCalls.push({
        action: Action.BIND,
        value: codec.encode([eventIndex, on]),
        what: `BIND of event ${eventIndex}`,
      })
      pump()
    },
    giveUp(call) {
      if (phase.kind === 'up' || phase.kind === 'open') phase.live.calls.giveUp(call)
      pump()
    },
    end,
    get unanswered() {
      return phase.kind === 'up' || phase.kind === 'open' ? phase.live.calls.unanswered : 0
    },
    get roundTripMs() {
      return phase.kind === 'up' || phase.kind === 'open' ? phase.live.rtt.smoothedMs : undefined
    },
  }
}

function failed(code: 'HELLO_TIMEOUT' | 'CONTRACT_MISMATCH', detail: string): Exit {
  return { kind: 'failed', error: new PortwireError(code, detail) }
}

function isEcho(message: Message, contract: Contract): boolean {
  if (HOST_ONLY.has(message.action)) return true
  if (message.action === Action.HELLO) return message.token !== 0
  return contract.byIndex.get(message.action)?.kind === 'action'
}

function deviceInfo(hello: DeviceHello): DeviceInfo {
  return {
    epoch: hello.epoch,
    resetCause: RESET_CAUSES[hello.resetCause] ?? 'unknown',
    ...(hello.firmwareVersion === null ? {} : { firmwareVersion: hello.firmwareVersion }),
    ...(hello.contractName === null ? {} : { contractName: hello.contractName }),
    ...(hello.contractVersion === null ? {} : { contractVersion: hello.contractVersion }),
    contractHash: hello.contractHash,
    maxContentBytes: hello.maxContent,
    receiveBytes: hello.receiveBytes,
    window: hello.window,
    features: hello.features,
    deadManMs: hello.deadManMs,
    uptimeMs: hello.uptimeMs,
  }
}

function contractProblem(hello: DeviceHello, contract: Contract): string | undefined {
  if (hello.contractHash === contract.hash) return undefined
  const hex = (hash: number) => hash.toString(16).padStart(8, '0')
  const device = `${hello.contractName ?? 'contract'} ${hello.contractVersion ?? '?'} (${hex(hello.contractHash)})`
  return `the device was built from ${device}, the host has ${contract.name} ${contract.version} (${hex(contract.hash)})`
}

function tickOf(answer: Answer): readonly (number | undefined)[] {
  if (answer.kind !== 'reply' || !Array.isArray(answer.value)) return []
  return answer.value.map((x) => (typeof x === 'number' ? x : undefined))
}

function helloProblem(timeoutMs: number, sampled: readonly number[]): string {
  if (sampled.length === 0) return `no hello in ${timeoutMs} ms, and not one byte came`
  const hex = sampled.map((b) => b.toString(16).padStart(2, '0')).join(' ')
  const text = sampled.map((b) => (b >= 0x20 && b < 0x7f ? String.fromCharCode(b) : '.')).join('')
  return `no hello in ${timeoutMs} ms; the first bytes that came: ${hex} "${text}"`
}
