/** What exists once the device has said hello: its lanes, its liveness, and the way out to it, tied together. */

import type { Exit } from '../../exit.js'
import { Action, type DeviceHello } from '../../wire/index.js'
import { REPEAT_TIMER, SILENT_HEARTBEATS } from '../limits.js'
import type { DeviceInfo } from '../types.js'
import { createAnswerBytes } from './answer-bytes.js'
import { type CallLane, createCallLane } from './call-lane.js'
import { createEventLane, type EventLane } from './event-lane.js'
import { deviceInfo } from './handshake.js'
import type { ReliableEvent } from './incoming.js'
import { createJobs, type Jobs } from './jobs.js'
import { createLine } from './line.js'
import { createLiveness, type Liveness } from './liveness.js'
import { createOutgoing, type Outgoing } from './outgoing.js'
import { createRequestLane, type RequestLane } from './request-lane.js'
import { createRoom } from './room.js'
import { createRoundTripEstimator, type RoundTripEstimator } from './rtt.js'
import type { SessionOptions } from './session-types.js'

export interface Live {
  readonly device: DeviceInfo
  readonly calls: CallLane
  readonly events: EventLane<ReliableEvent>
  readonly jobs: Jobs
  readonly requests: RequestLane
  readonly liveness: Liveness
  readonly outgoing: Outgoing
  readonly rtt: RoundTripEstimator
}

/** What the parts need of the session that they belong to. */
export interface LiveHooks {
  /** A TICK was answered by the boot that said hello. */
  confirmed(): void
  /** So many more frames, or fewer than was thought, were lost on their way. */
  lost(frames: number): void
  /** Resolves when the event is finished. */
  consume(item: ReliableEvent, number: number, epoch: number): void | Promise<void>
  /** Of its consumer; 1 for what is no event: that waits for those before it. */
  ahead(item: ReliableEvent): number
  /** Something waits to be sent. */
  pump(): void
  end(exit: Exit): void
  /** False once the session is over. */
  isAlive(): boolean
}

/** HELLO has token 1. */
const FIRST_CALL_TOKEN = 2

export function createLive(hello: DeviceHello, options: SessionOptions, hooks: LiveHooks): Live {
  const { clock, codec, counters, handlers } = options
  const told = deviceInfo(hello)
  const device = { ...told, maxContentBytes: Math.min(told.maxContentBytes, options.maxContentBytes) }
  const heartbeatMs = boundedHeartbeat(options.heartbeatMs, hello.deadManMs)
  // A lossless stream has a flow control of its own.
  const room = createRoom(options.lossless ? 0 : device.receiveBytes)
  const line = createLine({ ...options, baudRate: options.lineRate.now, room })
  const rtt = createRoundTripEstimator(heartbeatMs || REPEAT_TIMER.maxMs)
  const calls = createCallLane({
    clock,
    random: options.random,
    line,
    room,
    rtt,
    lossless: options.lossless,
    firstToken: FIRST_CALL_TOKEN,
    window: device.window,
    answerBytes: createAnswerBytes(options.contract, device.maxContentBytes),
    slowestRepeatMs: (heartbeatMs || REPEAT_TIMER.maxMs) / 4,
    repeated: () => {
      counters.repeatsSent += 1
    },
    lost: hooks.lost,
    accepted(number, call) {
      jobs.begin(number, call)
      call.accepted()
    },
    unanswered: () => hooks.end({ kind: 'silent' }),
  })
  const jobs = createJobs()
  const requests = createRequestLane({
    codec,
    send(token, answer) {
      outgoing.answer(token, answer.action, answer.value)
      hooks.pump()
    },
  })
  const liveness = createLiveness({
    clock,
    line,
    calls,
    epoch: device.epoch,
    heartbeatMs,
    missedHeartbeats: options.missedHeartbeats,
    ticked: () => {
      counters.ticks += 1
    },
    tickInTurn(answered) {
      outgoing.protocolCall({ action: Action.TICK, value: undefined, answered })
      hooks.pump()
    },
    answered: hooks.confirmed,
    late: handlers.late,
    lost(count) {
      counters.plainEventsLost += count
      handlers.eventsLost(count)
    },
    ended: hooks.end,
  })
  const outgoing = createOutgoing({
    line,
    calls,
    queues: options.queues,
    codec,
    maxContentBytes: options.lossless ? device.maxContentBytes : fittingContent(device, options.wireBytes),
    askForRoom: liveness.tick,
    isAlive: hooks.isAlive,
    isWritable: options.isWritable,
  })
  const events = createEventLane<ReliableEvent>({
    first: hello.eventSeq,
    acknowledge(token, missing) {
      outgoing.acknowledge(token, missing)
      hooks.pump()
    },
    consume: (item, number) => hooks.consume(item, number, device.epoch),
    ahead: hooks.ahead,
    stopped: (item, error) => handlers.consumerStopped(item.kind === 'event' ? item.event.name : item.kind, error),
  })
  return { device, calls, events, jobs, requests, liveness, outgoing, rtt }
}

/** The longest content that the device takes and its ring can hold at all. */
function fittingContent(device: DeviceInfo, wireBytes: (contentBytes: number) => number): number {
  if (device.receiveBytes === 0) return device.maxContentBytes
  let contentBytes = Math.min(device.maxContentBytes, device.receiveBytes)
  while (contentBytes > 0 && wireBytes(contentBytes) > device.receiveBytes) contentBytes -= 1
  return contentBytes
}

/** The host's heartbeat is at most a third of the device's dead-man time; a device with one needs it on any link. */
function boundedHeartbeat(heartbeatMs: number, deadManMs: number): number {
  if (deadManMs === 0) return heartbeatMs
  const longestMs = deadManMs / SILENT_HEARTBEATS
  return heartbeatMs === 0 ? longestMs : Math.min(heartbeatMs, longestMs)
}
