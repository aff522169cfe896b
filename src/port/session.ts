/** The host's side of one session: hello, the confirming TICK, then calls and events until something ends it.
 * It knows no stream and no clock of its own: bytes, time and randomness are handed in. docs/protocol.md is what it follows. */

import type { Clock, Random } from '../clock.js'
import type { Contract, Event } from '../contract/index.js'
import { PortwireError } from '../errors.js'
import { type Exit, RESET_CAUSES } from '../exit.js'
import { Action, type DeviceHello, decodeDeviceHello, decodeMessage, Feature, type ValueCodec } from '../wire/index.js'
import { type CallLane, createCallLane } from './call-lane.js'
import type { CallQueues } from './call-queue.js'
import { createEventLane, type EventLane } from './event-lane.js'
import { contractProblem, createHandshake, deviceInfo } from './handshake.js'
import { classify, type Message, type ReliableEvent } from './incoming.js'
import { MAX_SAMPLE_BYTES, REPEAT_TIMER, SILENT_HEARTBEATS } from './limits.js'
import { createLine } from './line.js'
import { createLiveness, type Liveness } from './liveness.js'
import { createOutgoing, type Outgoing } from './outgoing.js'
import type { Answer, PendingCall } from './pending.js'
import { createRoom } from './room.js'
import { createRoundTripEstimator, type RoundTripEstimator } from './rtt.js'
import type { DeviceInfo, PortCounters, Severity } from './types.js'

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
  /** Bytes as they came, for the error that no hello did. */
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
  readonly calls: CallLane
  readonly events: EventLane<ReliableEvent>
  readonly liveness: Liveness
  readonly outgoing: Outgoing
  readonly rtt: RoundTripEstimator
}

/** HELLO has token 1. */
const FIRST_CALL_TOKEN = 2

export function createSession(options: SessionOptions): Session {
  const { clock, codec, contract, counters, handlers } = options
  let phase: Phase = { kind: 'hello' }
  const handshake = createHandshake({
    ...options,
    sessionNumber: Math.floor(options.random() * 0xffff_ffff) + 1,
    failed: (exit) => end(exit),
  })
  const live = (): Live | undefined => (phase.kind === 'hello' || phase.kind === 'ended' ? undefined : phase.live)

  // ---- hello, and what it makes possible --------------------------------------------------------------------------

  const helloAnswered = (message: Message) => {
    const hello = handshake.answered(message)
    if (!hello) return
    const mismatch = contractProblem(hello, contract)
    if (mismatch && options.contractMismatch === 'error') {
      end({ kind: 'failed', error: new PortwireError('CONTRACT_MISMATCH', mismatch) })
      return
    }
    if (mismatch) handlers.refused(mismatch)
    phase = { kind: 'confirm', live: goLive(hello) }
    phase.live.liveness.tick()
  }

  const goLive = (hello: DeviceHello): Live => {
    const device = deviceInfo(hello)
    const heartbeatMs = boundedHeartbeat(options.heartbeatMs, hello.deadManMs)
    const room = createRoom(device.receiveBytes)
    const line = createLine({ ...options, room })
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
    const liveness = createLiveness({
      clock,
      line,
      calls,
      epoch: device.epoch,
      heartbeatMs,
      ticked: () => {
        counters.ticks += 1
      },
      answered: confirmed,
      lost(count) {
        counters.plainEventsLost += count
        handlers.eventsLost(count)
      },
      ended: end,
    })
    const outgoing = createOutgoing({
      line,
      calls,
      queues: options.queues,
      codec,
      maxContentBytes: device.maxContentBytes,
      askForRoom: liveness.tick,
      isAlive: () => phase.kind !== 'ended',
    })
    const events = createEventLane<ReliableEvent>({
      first: hello.eventSeq,
      acknowledge(token, missing) {
        outgoing.acknowledge(token, missing)
        pump()
      },
      consume: (item, number) => consume(item, number, device.epoch),
      stopped: (item, error) => handlers.consumerStopped(item.kind === 'event' ? item.event.name : item.kind, error),
    })
    return { device, calls, events, liveness, outgoing, rtt }
  }

  const confirmed = () => {
    if (phase.kind !== 'confirm') return
    handshake.stop()
    phase = { kind: 'up', live: phase.live }
    phase.live.liveness.start()
    handlers.up(phase.live.device)
  }

  // ---- receiving --------------------------------------------------------------------------------------------------

  const receive = (content: Uint8Array) => {
    if (phase.kind === 'ended') return
    const message = decodeMessage(codec, content)
    if (!message.ok) {
      undecodable(message.action, message.token, message.reason)
      return
    }
    counters.messagesReceived += 1
    live()?.liveness.heard()
    const incoming = classify(message, contract)
    switch (incoming.kind) {
      case 'echo':
        return end({ kind: 'protocol', detail: 'echo: the line sends back what the host wrote' })
      case 'log':
        return handlers.log(incoming.severity, incoming.text)
      case 'announcement':
        return announced(message)
    }
    if (phase.kind === 'hello') return helloAnswered(message) // all else may be left over from an earlier session
    switch (incoming.kind) {
      case 'answer':
        return settle(phase.live, message.token, incoming.answer)
      case 'plain':
        phase.live.liveness.heardPlain()
        counters.eventsReceived += 1
        return handlers.plainEvent(incoming.event, incoming.value, phase.live.device.epoch)
      case 'reliable':
        return reliable(phase.live, message.token, incoming.item)
      case 'request':
        phase.live.outgoing.refuseRequest(message.token)
        return pump()
      case 'refused':
        if (incoming.isPlain) phase.live.liveness.heardPlain()
        return refuse(incoming.problem)
    }
  }

  const undecodable = (action: number | undefined, token: number | undefined, reason: string) => {
    const now = live()
    if (!now) return // before hello it may be anything
    // A call whose answer is of no use ends by it: its repeats would be answered by the same bytes.
    if (token && (action === Action.REPLY || action === Action.ERROR)) {
      settle(now, token, { kind: 'invalid', problem: `the answer does not decode (${reason})` })
    }
    refuse(`a message that does not decode (${reason})`)
  }

  const announced = (message: Message) => {
    if (phase.kind === 'hello') return handshake.announced()
    const hello = decodeDeviceHello(message.value)
    end({ kind: 'reset', cause: RESET_CAUSES[hello?.resetCause ?? 0] ?? 'unknown' })
  }

  const settle = (now: Live, token: number, answer: Answer) => {
    if (!now.calls.answered(token, answer)) counters.lateReplies += 1
    pump()
  }

  const reliable = (now: Live, token: number, item: ReliableEvent) => {
    const verdict = now.events.received(token, item)
    if (verdict === 'taken') counters.eventsReceived += 1
    else if (verdict === 'repeated') counters.eventsRepeated += 1
  }

  const consume = (item: ReliableEvent, number: number, epoch: number): void | Promise<void> => {
    switch (item.kind) {
      case 'event':
        return handlers.reliableEvent(item.event, item.value, number, epoch)
      case 'dropped':
        counters.eventsDropped += item.count
        return handlers.eventsDropped(item.count)
      case 'exit':
        return end({ kind: 'exit', status: item.status })
      case 'refused':
        return refuse(item.problem)
    }
  }

  const refuse = (problem: string) => {
    counters.messagesRefused += 1
    handlers.refused(problem)
  }

  // ---- sending, and the end ---------------------------------------------------------------------------------------

  const pump = () => {
    if (phase.kind === 'up' || phase.kind === 'open') phase.live.outgoing.pump(phase.kind === 'open')
  }

  const end = (exit: Exit) => {
    if (phase.kind === 'ended') return
    const was = live()
    phase = { kind: 'ended' }
    handshake.stop()
    if (was) {
      was.liveness.stop()
      was.events.stop()
      const { calls, givenUp } = was.calls.end()
      for (const call of calls) call.failed({ kind: 'exit', outcome: 'unknown', exit })
      for (const call of givenUp) call.settled('unknown')
    }
    handlers.ended(exit)
  }

  return {
    start: handshake.start,
    receive,
    sample(bytes) {
      if (phase.kind === 'hello') handshake.sample(bytes)
    },
    open() {
      if (phase.kind !== 'up') return
      phase = { kind: 'open', live: phase.live }
      phase.live.events.start()
      pump()
    },
    pump,
    bind(eventIndex, on) {
      const now = live()
      if (!now || (now.device.features & Feature.BIND) === 0) return
      now.outgoing.protocolCall(Action.BIND, codec.encode([eventIndex, on]), (answer) => {
        if (answer.kind !== 'reply') refuse(`the device refused to bind event ${eventIndex}`)
      })
      pump()
    },
    giveUp(call) {
      live()?.calls.giveUp(call)
      pump()
    },
    end,
    get unanswered() {
      return live()?.calls.unanswered ?? 0
    },
    get roundTripMs() {
      return live()?.rtt.smoothedMs
    },
  }
}

/** The host's heartbeat is at most a third of the device's dead-man time; a device with one needs it on any link. */
function boundedHeartbeat(heartbeatMs: number, deadManMs: number): number {
  if (deadManMs === 0) return heartbeatMs
  const longestMs = deadManMs / SILENT_HEARTBEATS
  return heartbeatMs === 0 ? longestMs : Math.min(heartbeatMs, longestMs)
}
