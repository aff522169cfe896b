/** Getting to know the device: HELLO again and again until the reply that names this session, or until time is up. */

import type { CancelTimer, Clock } from '../../clock.js'
import type { Contract } from '../../contract/index.js'
import { PortwireError } from '../../errors.js'
import { type Exit, RESET_CAUSES } from '../../exit.js'
import {
  Action,
  type DeviceHello,
  decodeDeviceHello,
  encodeHostHello,
  PROTOCOL_VERSION,
  type ValueCodec,
} from '../../wire/index.js'
import { HELLO_PACE, HOST_WINDOW_BYTES, MAX_SAMPLE_BYTES } from '../limits.js'
import type { DeviceInfo } from '../types.js'

const HOST_HELLO_TOKEN = 1

export interface Handshake {
  start(): void
  /** The device said that it has booted: it is asked at once. */
  announced(): void
  /** Takes a message with an answer's action; returns the hello of the device when it is the reply to this session. */
  answered(message: {
    readonly action: number
    readonly token: number
    readonly value: unknown
  }): DeviceHello | undefined
  /** Bytes that came, for the error that no hello did. */
  sample(bytes: Uint8Array): void
  /** The session is confirmed, or over: no timer runs any more. */
  stop(): void
}

export interface HandshakeOptions {
  readonly clock: Clock
  readonly codec: ValueCodec
  /** The 32 bits that the reply must repeat. */
  readonly sessionNumber: number
  readonly heartbeatMs: number
  /** HELLO is sent once. */
  readonly lossless: boolean
  readonly readyTimeoutMs: number
  readonly write: (action: number, token: number, value: Uint8Array) => void
  readonly failed: (exit: Exit) => void
}

export function createHandshake(options: HandshakeOptions): Handshake {
  const { clock, codec, sessionNumber } = options
  const startedMs = clock.nowMs()
  const sampled: number[] = []
  let cancelHello: CancelTimer = () => {}
  let cancelReady: CancelTimer = () => {}
  let lastAnnouncementMs = Number.NEGATIVE_INFINITY

  const fail = (detail: string) => options.failed({ kind: 'failed', error: new PortwireError('HELLO_TIMEOUT', detail) })
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

  return {
    start() {
      cancelReady = clock.after(options.readyTimeoutMs, () => fail(noHello(options.readyTimeoutMs, sampled)))
      sayHello()
    },
    announced() {
      // A device without a session answers every message by its announcement: one hello for a burst of them is enough.
      const nowMs = clock.nowMs()
      if (nowMs - lastAnnouncementMs < HELLO_PACE.answerToAnnouncementMs) return
      lastAnnouncementMs = nowMs
      sayHello()
    },
    answered({ action, token, value }) {
      if (token !== HOST_HELLO_TOKEN) return undefined
      if (action === Action.ERROR) {
        fail('the peer answered hello with an error: it speaks another protocol')
        return undefined
      }
      const hello = action === Action.REPLY ? decodeDeviceHello(value) : undefined
      // A reply to an earlier session may still be in the buffers: only ours counts.
      if (!hello || hello.session !== sessionNumber) return undefined
      cancelHello()
      return hello
    },
    sample(bytes) {
      for (const byte of bytes) if (sampled.length < MAX_SAMPLE_BYTES) sampled.push(byte)
    },
    stop() {
      cancelHello()
      cancelReady()
    },
  }
}

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
