/** The host's side of one session: hello, the confirming TICK, then calls and events until something ends it.
 * It knows no stream and no clock of its own: bytes, time and randomness are handed in. docs/protocol.md is what it follows. */

import { type Exit, RESET_CAUSES } from '../../exit.js'
import {
  Action,
  type DeviceHello,
  decodeDeviceHello,
  decodeMessage,
  ErrorNumber,
  eventToken,
  Feature,
} from '../../wire/index.js'
import { createDelivery } from './delivery.js'
import { contractVerdict, createDescription, type Description } from './describe.js'
import { createErrorWatch } from './error-watch.js'
import { createHandshake } from './handshake.js'
import { classify, type Incoming, type Message, type ReliableEvent } from './incoming.js'
import { createLive, type Live, type LiveHooks } from './live.js'
import type { Answer, PendingCall } from './pending.js'
import { sendPing } from './ping.js'
import { endWritten } from './repeat.js'
import type { RequestAnswer } from './request-lane.js'
import type { Session, SessionOptions } from './session-types.js'

/** `hello`: asking. `confirm`: answered, waiting for the TICK. `up`: calls of onStart. `open`: all. */
type Phase =
  | { readonly kind: 'hello' }
  | { readonly kind: 'confirm' | 'up' | 'open'; readonly live: Live }
  | { readonly kind: 'ended' }

export function createSession(options: SessionOptions): Session {
  const { codec, counters, handlers } = options
  /** What messages are understood by. */
  let { contract } = options
  let phase: Phase = { kind: 'hello' }
  /** While the device is asked for its contract. */
  let description: Description | undefined
  const handshake = createHandshake({
    ...options,
    agreed: (hello) => helloAgreed(hello),
    unconfirmed: () => unconfirmed(),
    failed: (exit) => end(exit),
  })
  const errors = createErrorWatch(options)
  const live = (): Live | undefined => (phase.kind === 'hello' || phase.kind === 'ended' ? undefined : phase.live)

  // ---- hello, and what it makes possible --------------------------------------------------------------------------

  const helloAgreed = (hello: DeviceHello) => {
    const verdict = contractVerdict(hello, options.contract, options.contractMismatch)
    if (verdict.kind === 'refuse') return end({ kind: 'failed', error: verdict.error })
    const now = createLive(hello, options, hooks)
    if (verdict.kind === 'describe') description = describing(hello, now)
    else {
      contract = verdict.contract
      if (verdict.warning !== undefined) handlers.refused(verdict.warning)
    }
    phase = { kind: 'confirm', live: now }
    phase.live.liveness.tick()
  }

  /** At a raised rate nothing came in answer to the TICK, which is all that was written. */
  const unconfirmed = () => {
    if (phase.kind !== 'confirm') return
    stopLive(phase.live)
    phase.live.calls.end()
    description?.stop()
    description = undefined
    phase = { kind: 'hello' }
  }

  const hooks: LiveHooks = {
    confirmed: () => confirmed(),
    lost: errors.lost,
    consume: createDelivery({
      ...options,
      isOver: () => phase.kind === 'ended',
      exited(status, number) {
        live()?.outgoing.acknowledge(eventToken(number), undefined)
        pump()
        end({ kind: 'exit', status })
      },
      refuse: (problem) => refuse(problem),
    }),
    ahead: (item) => (item.kind === 'event' ? handlers.eventsAhead(item.event) : 1),
    pump: () => pump(),
    end: (exit) => end(exit),
    isAlive: () => phase.kind !== 'ended',
  }

  const confirmed = () => {
    if (phase.kind !== 'confirm') return
    handshake.confirmed()
    errors.start()
    phase = { kind: 'up', live: phase.live }
    phase.live.liveness.start()
    if (description) description.start()
    else handlers.up(phase.live.device)
  }

  /** Nothing but the protocol's own calls goes out, and nothing is delivered, before the device has told its contract. */
  const describing = (hello: DeviceHello, now: Live): Description =>
    createDescription({
      ...options,
      hello,
      timeoutMs: options.readyTimeoutMs,
      heardPlain: () => now.liveness.heardPlain(),
      ask(call) {
        now.outgoing.protocolCall(call)
        pump()
      },
      failed: (error) => end({ kind: 'failed', error }),
      refused: (problem) => refuse(problem),
      done(known, held) {
        description = undefined
        contract = known
        handlers.up(now.device)
        for (const content of held) receive(content)
      },
    })

  // ---- receiving --------------------------------------------------------------------------------------------------

  const receive = (content: Uint8Array) => {
    take(content)
    // What came is dealt with first: it may be the answer to a call.
    if (errors.isTooHigh()) end({ kind: 'noise', baudRate: options.lineRate.now! })
  }

  const take = (content: Uint8Array) => {
    if (phase.kind === 'ended' || description?.holds(content)) return
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
    if (phase.kind === 'hello') return handshake.answered(message) // all else may be left over from an earlier session
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
        return asked(phase.live, message.token, (answer) => handlers.request(message.action, message.value, answer))
      case 'request-skipped':
        return phase.live.requests.skipped(message.token)
      case 'item':
        return item(phase.live, incoming)
      case 'result':
        return asked(phase.live, message.token, (answer, now) => {
          result(now, incoming)
          answer({ action: Action.REPLY, value: undefined })
        })
      case 'refused':
        if (incoming.isPlain) phase.live.liveness.heardPlain()
        return refuse(incoming.problem)
    }
  }

  const undecodable = (action: number | undefined, token: number | undefined, reason: string) => {
    const now = live()
    if (!now) return // before hello it may be anything
    const problem = `a message that does not decode (${reason})`
    const kind = action === undefined ? undefined : contract.byIndex.get(action)?.kind
    if (token) {
      // It holds its token like any other: without an answer its copies would block its lane for ever.
      if (action === Action.REPLY || action === Action.ERROR) settle(now, token, { kind: 'invalid', problem })
      else if (kind === 'event' || action === Action.SKIP || action === Action.EXIT) {
        return reliable(now, token, { kind: 'refused', problem })
      } else if (kind === 'request' || action === Action.RESULT) {
        const value = codec.encode([ErrorNumber.BAD_ARGUMENTS])
        return asked(now, token, (answer) => answer({ action: Action.ERROR, value }))
      }
    } else if (kind === 'event') now.liveness.heardPlain()
    refuse(problem)
  }

  const announced = (message: Message) => {
    if (phase.kind === 'hello') return handshake.announced()
    const hello = decodeDeviceHello(message.value)
    end({ kind: 'reset', cause: RESET_CAUSES[hello?.resetCause ?? 0] ?? 'unknown' })
  }

  const settle = (now: Live, token: number, answer: Answer) => {
    if (now.calls.wasAnswered(token)) counters.answersRepeated += 1
    if (!now.calls.answered(token, answer)) counters.lateReplies += 1
    pump()
  }

  const reliable = (now: Live, token: number, item: ReliableEvent) => {
    const verdict = now.events.received(token, item)
    switch (verdict) {
      case 'taken':
        if (item.kind === 'event') counters.eventsReceived += 1
        break
      case 'repeated':
        counters.eventsRepeated += 1
        break
      case 'gap':
      case 'full':
        counters.eventsOutOfTurn += 1
    }
  }

  /** Takes a message of the lane of requests and results. */
  const asked = (now: Live, token: number, run: (answer: (answer: RequestAnswer) => void, now: Live) => void) => {
    const verdict = now.requests.received(token, (answer) => run(answer, now))
    if (verdict === 'repeated') counters.requestsRepeated += 1
    else if (verdict === 'refused') refuse(`a request out of turn (token ${token})`)
  }

  /** RESULT and NEXT that name a call still unanswered stand for its lost ACK, unless a job of that number runs. */
  const acceptUnheard = (now: Live, job: number) => {
    if (!now.jobs.isRunning(job) && now.calls.isCallUnanswered(job)) settle(now, job, { kind: 'accepted' })
  }

  const item = (now: Live, { job, sequence, item }: Extract<Incoming, { readonly kind: 'item' }>) => {
    acceptUnheard(now, job)
    if (!now.jobs.item(job, sequence, item)) counters.lateReplies += 1
  }

  const result = (now: Live, { job, status, value, items }: Extract<Incoming, { readonly kind: 'result' }>) => {
    acceptUnheard(now, job)
    const call = now.jobs.finish(job, items)
    if (!call || call.state === 'ended') {
      counters.lateReplies += 1
      return
    }
    if (status === 0) call.answered({ kind: 'reply', value })
    else call.answered({ kind: 'error', errorNumber: status, text: typeof value === 'string' ? value : undefined })
  }

  const refuse = (problem: string) => {
    counters.messagesRefused += 1
    handlers.refused(problem)
  }

  /** The job goes on until its RESULT; it is told that nobody waits. */
  const cancel = (now: Live, job: number, call: PendingCall) => {
    call.settled('yes')
    if ((now.device.features & Feature.JOBS) === 0) return
    now.outgoing.protocolCall({
      action: Action.CANCEL,
      value: codec.encode(job),
      isWanted: () => now.jobs.numberOf(call) === job,
      answered: () => {},
    })
  }

  // ---- sending, and the end ---------------------------------------------------------------------------------------

  const pump = () => {
    if (phase.kind === 'up' || phase.kind === 'open') phase.live.outgoing.pump(phase.kind === 'open')
  }

  const stopLive = ({ liveness, events, requests }: Live) => {
    liveness.stop()
    events.stop()
    requests.stop()
  }

  const end = (exit: Exit) => {
    if (phase.kind === 'ended') return
    const was = live()
    phase = { kind: 'ended' }
    handshake.stop()
    description?.stop()
    if (was) {
      options.lineRate.ended(exit, was.device.epoch)
      stopLive(was)
      counters.callsRepeated += endWritten(was.calls.end(), exit, options.queues.numbered)
      for (const call of was.jobs.end()) call.failed({ kind: 'exit', outcome: 'unknown', exit })
    }
    handlers.ended(exit)
  }

  return {
    start() {
      // A watcher of the state may have ended it already.
      if (phase.kind !== 'hello') return
      const { resetEpoch } = options
      if (resetEpoch !== undefined) options.write(Action.RESET, 0, codec.encode([0, resetEpoch]))
      handshake.start()
    },
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
      const now = phase.kind === 'up' || phase.kind === 'open' ? phase.live : undefined
      if (!now || (now.device.features & Feature.BIND) === 0) return
      now.outgoing.protocolCall({
        action: Action.BIND,
        value: codec.encode([eventIndex, on]),
        answered: (answer) => {
          if (answer.kind !== 'reply') refuse(`the device refused to bind event ${eventIndex}`)
        },
      })
      pump()
    },
    giveUp(call) {
      const now = live()
      if (!now) return
      const job = now.jobs.numberOf(call)
      if (job === undefined) now.calls.giveUp(call)
      else cancel(now, job, call)
      pump()
    },
    reset(mode) {
      const now = live()
      const feature = mode === 'application' ? Feature.RESET_APPLICATION : Feature.RESET_BOOTLOADER
      if (!now || (now.device.features & feature) === 0) return false
      // Token 0: the announcement is the answer. What waits for room does not hold it up.
      options.write(Action.RESET, 0, codec.encode([mode === 'application' ? 0 : 1, now.device.epoch]))
      options.lineRate.bootExpected()
      return true
    },
    endOfInput() {
      const now = live()
      if (!now || (now.device.features & Feature.END_OF_INPUT) === 0) return
      now.outgoing.protocolCall({ action: Action.END_OF_INPUT, value: undefined, answered: () => {} })
      pump()
    },
    ping(ping) {
      if (phase.kind !== 'up' && phase.kind !== 'open') return false
      // An answer that names another boot has ended the session by then.
      sendPing(phase.live, options.clock, {
        isWanted: ping.isWanted,
        answered(roundTripMs) {
          if (phase.kind !== 'ended') ping.answered(roundTripMs)
        },
      })
      pump()
      return true
    },
    stats(probe) {
      if (phase.kind !== 'up' && phase.kind !== 'open') return 'no-session'
      const { device, outgoing } = phase.live
      if ((device.features & Feature.STATS) === 0) return 'without'
      outgoing.protocolCall({ action: Action.STATS, value: undefined, ...probe })
      pump()
      return 'asked'
    },
    end,
    get lastTickMs() {
      return live()?.liveness.lastTickMs
    },
    get unanswered() {
      return live()?.calls.unanswered ?? 0
    },
    get roundTrip() {
      const now = live()
      if (!now) return {}
      const { smoothedMs, varianceMs } = now.rtt
      return { smoothedMs, varianceMs, repeatTimerMs: now.calls.repeatTimerMs }
    },
  }
}
