/** Getting to know the device: HELLO again and again until the reply that names this session, or until time is up; and once it
 * is known, HELLO for another baud rate where one is wanted. */

import type { CancelTimer, Clock, Random } from '../../clock.js'
import type { Contract } from '../../contract/index.js'
import { asPortwireError, PortwireError } from '../../errors.js'
import { type Exit, RESET_CAUSES } from '../../exit.js'
import {
  Action,
  type DeviceHello,
  decodeDeviceHello,
  encodeHostHello,
  PROTOCOL_VERSION,
  type ValueCodec,
} from '../../wire/index.js'
import { BAUD_RATE, HELLO_PACE, HOST_WINDOW_BYTES, MAX_SAMPLE_BYTES } from '../limits.js'
import type { DeviceInfo } from '../types.js'
import type { LineRate } from './baud-rates.js'

const HOST_HELLO_TOKEN = 1

export interface Handshake {
  start(): void
  /** The device said that it has booted: it is asked at once. */
  announced(): void
  /** Takes a message with an answer's action; what is no reply to this session is dropped. */
  answered(message: { readonly action: number; readonly token: number; readonly value: unknown }): void
  /** Bytes that came, for the error that no hello did. */
  sample(bytes: Uint8Array): void
  /** The TICK was answered: no timer runs any more. */
  confirmed(): void
  /** The session is over. */
  stop(): void
}

export interface HandshakeOptions {
  readonly clock: Clock
  readonly random: Random
  readonly codec: ValueCodec
  readonly heartbeatMs: number
  /** HELLO is sent once. */
  readonly lossless: boolean
  readonly readyTimeoutMs: number
  readonly lineRate: LineRate
  readonly write: (action: number, token: number, value: Uint8Array) => void
  /** Both sides are at the rate that they have agreed on: TICK is next. */
  readonly agreed: (hello: DeviceHello) => void
  /** Nothing came at the new rate: what `agreed` began is void, and hello begins anew. */
  readonly unconfirmed: () => void
  readonly failed: (exit: Exit) => void
}

/** What is asked now. `lower`: at a raised rate that an earlier session has left, for the rate of opening. `plain`: at the rate
 * of opening. `raise`: for another one. `none`: the tty is being set, or all is agreed. */
type Round =
  | { readonly kind: 'lower' | 'plain'; readonly session: number }
  | { readonly kind: 'raise'; readonly session: number; readonly baudRate: number }
  | { readonly kind: 'none' }

export function createHandshake(options: HandshakeOptions): Handshake {
  const { clock, codec, lineRate } = options
  const sampled: number[] = []
  let round: Round = { kind: 'none' }
  let roundFromMs = clock.nowMs()
  let isOver = false
  let cancelHello: CancelTimer = () => {}
  let cancelReady: CancelTimer = () => {}
  let cancelRound: CancelTimer = () => {}
  let lastAnnouncementMs = Number.NEGATIVE_INFINITY

  const fail = (error: PortwireError) => options.failed({ kind: 'failed', error })
  const timeout = (detail: string) => fail(new PortwireError('HELLO_TIMEOUT', detail))
  /** Each round has a number of its own, so that a late reply to one before is none. */
  const draw = () => Math.floor(options.random() * 0xffff_ffff) + 1
  const begin = (next: Round, boundMs?: number, expired: () => void = () => {}) => {
    cancelRound()
    round = next
    roundFromMs = clock.nowMs()
    if (boundMs !== undefined) cancelRound = clock.after(boundMs, expired)
    sayHello()
  }
  const sayHello = () => {
    if (round.kind === 'none') return
    const hello = {
      version: PROTOCOL_VERSION,
      session: round.session,
      windowBytes: HOST_WINDOW_BYTES,
      heartbeatMs: options.heartbeatMs,
      baudRate: round.kind === 'raise' ? round.baudRate : null,
    }
    if (!options.lossless) {
      cancelHello()
      const slow = clock.nowMs() - roundFromMs >= HELLO_PACE.slowAfterMs
      cancelHello = clock.after(slow ? HELLO_PACE.slowMs : HELLO_PACE.firstMs, sayHello)
    }
    options.write(Action.HELLO, HOST_HELLO_TOKEN, codec.encode(encodeHostHello(hello)))
  }
  /** Nothing is said while the tty is set. */
  const quiet = () => {
    round = { kind: 'none' }
    cancelHello()
    cancelRound()
  }
  const boundBy = (readyTimeoutMs: number) => {
    cancelReady()
    cancelReady = clock.after(readyTimeoutMs, () => timeout(noHello(readyTimeoutMs, sampled)))
  }

  const plain = () => begin({ kind: 'plain', session: draw() })
  const lower = () => begin({ kind: 'lower', session: draw() }, BAUD_RATE.lowerMs, () => lowered(plain))
  const lowered = (next: () => void) => {
    quiet()
    lineRate.lower().then(
      () => !isOver && next(),
      (cause) => !isOver && fail(asPortwireError(cause)), // a fresh link is at the rate of opening
    )
  }
  const raise = (baudRate: number) => {
    boundBy(Math.max(options.readyTimeoutMs, RAISE_MS)) // the device is there: what follows has time of its own
    begin({ kind: 'raise', session: draw(), baudRate }, BAUD_RATE.askMs, () => {
      lineRate.failed(baudRate, 'unanswered')
      plain()
    })
  }
  const raised = (baudRate: number, hello: DeviceHello) => {
    quiet()
    lineRate.raise(baudRate).then(
      () => {
        if (isOver) return
        cancelRound = clock.after(BAUD_RATE.confirmMs, () => {
          lineRate.failed(baudRate, 'unconfirmed')
          options.unconfirmed()
          lower()
        })
        options.agreed(hello)
      },
      () => {
        if (isOver) return
        lineRate.failed(baudRate, 'refused')
        plain() // the device comes back by itself
      },
    )
  }
  const agreed = (hello: DeviceHello) => {
    quiet()
    options.agreed(hello)
  }
  const replied = (hello: DeviceHello) => {
    switch (round.kind) {
      case 'lower':
        return lowered(() => agreed(hello))
      case 'plain': {
        const baudRate = lineRate.choose(hello)
        return baudRate === undefined ? agreed(hello) : raise(baudRate)
      }
      case 'raise':
        // A boot that came in between may be of another firmware, which has stayed where it was.
        return hello.baudRates?.includes(round.baudRate) ? raised(round.baudRate, hello) : agreed(hello)
    }
  }

  return {
    start() {
      boundBy(options.readyTimeoutMs)
      if (lineRate.isRaised) lower()
      else plain()
    },
    announced() {
      // A device without a session answers every message by its announcement: one hello for a burst of them is enough.
      const nowMs = clock.nowMs()
      if (nowMs - lastAnnouncementMs < HELLO_PACE.answerToAnnouncementMs) return
      lastAnnouncementMs = nowMs
      sayHello()
    },
    answered({ action, token, value }) {
      if (token !== HOST_HELLO_TOKEN || round.kind === 'none') return
      if (action === Action.ERROR) return timeout('the peer answered hello with an error: it speaks another protocol')
      const hello = action === Action.REPLY ? decodeDeviceHello(value) : undefined
      // A reply to an earlier session may still be in the buffers: only ours counts.
      if (hello?.session === round.session) replied(hello)
    },
    sample(bytes) {
      for (const byte of bytes) if (sampled.length < MAX_SAMPLE_BYTES) sampled.push(byte)
    },
    confirmed() {
      quiet()
      cancelReady()
      lineRate.confirmed()
    },
    stop() {
      isOver = true
      quiet()
      cancelReady()
    },
  }
}

/** Long enough for a change that fails at its last step, and for the device to come back. */
const RAISE_MS = BAUD_RATE.askMs + BAUD_RATE.confirmMs + BAUD_RATE.lowerMs + 2 * BAUD_RATE.trialMs + HELLO_PACE.slowMs

export function deviceInfo(hello: DeviceHello): DeviceInfo {
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
    ...(hello.baudRates === null ? {} : { baudRates: hello.baudRates }),
    uptimeMs: hello.uptimeMs,
  }
}

/** One line that names both contracts when they differ. */
export function contractProblem(hello: DeviceHello, contract: Contract): string | undefined {
  if (hello.contractHash === contract.hash) return undefined
  const hex = (hash: number) => hash.toString(16).padStart(8, '0')
  const device = `${hello.contractName ?? 'contract'} ${hello.contractVersion ?? '?'} (${hex(hello.contractHash)})`
  return `the device was built from ${device}, the host has ${contract.name} ${contract.version} (${hex(contract.hash)})`
}

function noHello(timeoutMs: number, sampled: readonly number[]): string {
  if (sampled.length === 0) return `no hello in ${timeoutMs} ms, and not one byte came`
  const hex = sampled.map((b) => b.toString(16).padStart(2, '0')).join(' ')
  const text = sampled.map((b) => (b >= 0x20 && b < 0x7f ? String.fromCharCode(b) : '.')).join('')
  return `no hello in ${timeoutMs} ms; the first bytes that came: ${hex} "${text}"`
}
