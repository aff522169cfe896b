/** Whether the device is still there, and still the same boot: TICK, the silence clock, and the count of plain events. */

import type { CancelTimer, Clock } from '../../clock.js'
import type { Exit } from '../../exit.js'
import { Action } from '../../wire/index.js'
import { BUSY_TICK_HEARTBEATS, RECOVERY } from '../limits.js'
import type { CallLane } from './call-lane.js'
import type { Line } from './line.js'
import type { Answer } from './pending.js'

export interface Liveness {
  /** Asks the device; its answer proves that it is there, has read everything, and is the same boot. */
  tick(): void
  /** A TICK that another one sends, for `ping`: told when it is sent, and its answer with the copies that went out. */
  ticked(): void
  tickAnswered(answer: Answer, copies: number): void
  /** When a TICK was last answered; undefined before the first. */
  readonly lastTickMs: number | undefined
  /** The session is up: from now on silence counts. */
  start(): void
  /** A good frame came. */
  heard(): void
  /** A plain event came. */
  heardPlain(): void
  stop(): void
}

export interface LivenessOptions {
  readonly clock: Clock
  readonly line: Line
  readonly calls: CallLane
  readonly epoch: number
  /** 0: silence does not count. */
  readonly heartbeatMs: number
  readonly missedHeartbeats: number
  /** A TICK was sent. */
  readonly ticked: () => void
  /** Sends TICK when its turn comes among the calls of the user. */
  readonly tickInTurn: (answered: (answer: Answer, copies: number) => void) => void
  /** A TICK was answered by the boot that said hello. */
  readonly answered: () => void
  /** So many plain events were sent and never came. */
  readonly lost: (count: number) => void
  /** The silence has lasted for some heartbeats; once a silence. */
  readonly late: () => void
  readonly ended: (exit: Exit) => void
}

/** A TICK is due this much before the heartbeat is over, so that rounding does not cost a quarter of it. */
const ALMOST = 0.99
/** What two moments may differ by and be the same. */
const ROUNDING_MS = 0.01

export function createLiveness(options: LivenessOptions): Liveness {
  const { clock, line, calls, heartbeatMs } = options
  let lastGoodFrameMs = clock.nowMs()
  /** The silence clock stands still while a call waits; it goes on from here. */
  let silenceFromMs = clock.nowMs()
  let isLate = false
  let plainHeard = 0
  let lastTickMs: number | undefined
  let tickedAtMs = clock.nowMs()
  /** A TICK waits for its turn, or for its answer. */
  let isInTurn = false
  let cancelBeat: CancelTimer = () => {}

  const tickAnswered = (answer: Answer, copies: number) => {
    const [uptimeMs, plain, epoch] = tickReply(answer)
    if (uptimeMs === undefined || plain === undefined || epoch === undefined) {
      options.ended({ kind: 'protocol', detail: 'the reply to TICK is not [uptime, plain, epoch]' })
    } else if (epoch !== options.epoch) {
      options.ended({ kind: 'reset', cause: 'unknown' })
    } else {
      lastTickMs = clock.nowMs()
      // An answer to a copy may come from the cache and be older than what was heard meanwhile.
      if (copies === 1) comparePlain(plain)
      options.answered()
    }
  }

  const ticked = () => {
    tickedAtMs = clock.nowMs()
    options.ticked()
  }

  const tick = () => {
    ticked()
    calls.sendProtocol(Action.TICK, undefined, tickAnswered)
  }

  const comparePlain = (sentByDevice: number) => {
    if (sentByDevice > plainHeard) options.lost(sentByDevice - plainHeard)
    plainHeard = sentByDevice
  }

  const beat = () => {
    const nowMs = clock.nowMs()
    const limitMs = options.missedHeartbeats * heartbeatMs
    // A handler may block loop() for as long as its call may take.
    if (calls.callWaits()) silenceFromMs = nowMs
    const oldest = calls.oldest()
    const unansweredFromMs = oldest?.isProbe ? Math.max(oldest.firstAtMs, silenceFromMs) : nowMs
    const heardMs = Math.max(lastGoodFrameMs, silenceFromMs)
    const leftMs = Math.min(heardMs, unansweredFromMs) + limitMs - nowMs
    if (leftMs <= ROUNDING_MS) {
      options.ended({ kind: 'silent' })
      return
    }
    // Not a quarter of a heartbeat too late.
    cancelBeat = clock.after(Math.min(heartbeatMs / 4, leftMs), beat)
    const wasLate = isLate
    isLate = nowMs - heardMs >= RECOVERY.lateHeartbeats * heartbeatMs
    if (isLate && !wasLate) options.late()
    const quietMs = nowMs - Math.min(line.lastWriteMs, lastGoodFrameMs)
    if (calls.unanswered === 0 && quietMs >= heartbeatMs * ALMOST) tick()
    else if (!isInTurn && nowMs - tickedAtMs >= BUSY_TICK_HEARTBEATS * heartbeatMs) {
      isInTurn = true
      ticked()
      options.tickInTurn((answer, copies) => {
        isInTurn = false
        tickAnswered(answer, copies)
      })
    }
  }

  return {
    tick,
    ticked,
    tickAnswered,
    get lastTickMs() {
      return lastTickMs
    },
    start() {
      silenceFromMs = clock.nowMs()
      if (heartbeatMs > 0) beat()
    },
    heard() {
      lastGoodFrameMs = clock.nowMs()
    },
    heardPlain() {
      plainHeard += 1
    },
    stop: () => cancelBeat(),
  }
}

function tickReply(answer: Answer): readonly (number | undefined)[] {
  if (answer.kind !== 'reply' || !Array.isArray(answer.value)) return []
  return answer.value.map((x) => (typeof x === 'number' ? x : undefined))
}
