/** A device that says just what a test tells it to: the raw messages of the protocol, over a line without faults. */

import { type Clock, systemClock } from '../../src/clock.js'
import type { Contract } from '../../src/contract/index.js'
import type { Exit } from '../../src/exit.js'
import type { Connector, LinkHandlers } from '../../src/link/index.js'
import {
  Action,
  createDeframer,
  createPacketDecoder,
  createValueCodec,
  type DeviceHello,
  decodeMessage,
  encodeDeviceHello,
  encodeFrame,
  encodeMessage,
  encodePacket,
} from '../../src/wire/index.js'

export interface Heard {
  readonly atMs: number
  readonly action: number
  readonly token: number
  readonly value: unknown
}

export interface ScriptedDevice {
  readonly connector: Connector
  /** Everything the host has sent, on all links, oldest first. */
  readonly heard: Heard[]
  /** Takes what was heard since the last take. */
  take(): Heard[]
  say(action: number, token: number, value?: unknown): void
  /** Bytes as they are. */
  sayBytes(bytes: Uint8Array): void
  /** Answers the latest HELLO. */
  sayHello(hello?: Partial<DeviceHello>): void
  /** Answers HELLO and TICK from now on. */
  autoHello(hello?: Partial<DeviceHello>): void
  /** Stops answering by itself. */
  mute(): void
  end(exit: Exit): void
  /** How often the link was opened. */
  readonly opens: number
  readonly closes: number
}

export interface ScriptedDeviceOptions {
  readonly contract: Contract
  readonly clock?: Clock
  readonly lossless?: boolean
}

export const EPOCH = 0x1234_5678

export function createScriptedDevice(options: ScriptedDeviceOptions): ScriptedDevice {
  const clock = options.clock ?? systemClock
  const lossless = options.lossless ?? false
  const codec = createValueCodec()
  const heard: Heard[] = []
  let taken = 0
  let handlers: LinkHandlers | undefined
  let opens = 0
  let closes = 0
  let auto: Partial<DeviceHello> | undefined

  const sayBytes = (bytes: Uint8Array) => handlers?.data(bytes)
  const say = (action: number, token: number, value?: unknown) => {
    const content = encodeMessage(codec, action, token, value)
    sayBytes(lossless ? encodePacket(content, 2) : encodeFrame(content))
  }
  const sayHello = (hello: Partial<DeviceHello> = {}) => {
    const asked = heard.filter((m) => m.action === Action.HELLO).at(-1)
    if (!asked) throw new Error('the host has said no hello')
    const session = (asked.value as [number, number])[1]
    say(Action.REPLY, 1, encodeDeviceHello({ ...helloOf(options.contract), session, ...hello }))
  }
  const hear = (content: Uint8Array) => {
    const message = decodeMessage(codec, content)
    if (!message.ok) throw new Error(`the host sent a bad message: ${message.reason}`)
    heard.push({ atMs: clock.nowMs(), action: message.action, token: message.token, value: message.value })
    const hello = auto
    if (!hello) return
    // Not at once: no line answers while it is being written to.
    queueMicrotask(() => {
      if (message.action === Action.HELLO) sayHello(hello)
      if (message.action === Action.TICK) say(Action.REPLY, message.token, [1, 0, hello.epoch ?? EPOCH])
    })
  }
  const connect = async (given: LinkHandlers) => {
    opens += 1
    handlers = given
    const deframer = lossless
      ? createPacketDecoder({ prefixBytes: 2, maxContentBytes: 65_535 })
      : createDeframer({ maxContentBytes: 65_535 })
    let closed = false
    return {
      write(bytes: Uint8Array) {
        const events = deframer.push(bytes).map((event) => ({ ...event }))
        for (const event of events) if (event.kind === 'content') hear(event.bytes.slice())
        return true
      },
      drained: async () => {},
      async close() {
        if (closed) return
        closed = true
        closes += 1
        given.ended({ kind: 'closed' })
      },
    }
  }
  return {
    connector: { name: 'scripted', lossless, ...(lossless ? {} : { baudRate: 115_200 }), connect },
    heard,
    take() {
      const fresh = heard.slice(taken)
      taken = heard.length
      return fresh
    },
    say,
    sayBytes,
    sayHello,
    autoHello(hello = {}) {
      auto = hello
    },
    mute() {
      auto = undefined
    },
    end: (exit) => handlers?.ended(exit),
    get opens() {
      return opens
    },
    get closes() {
      return closes
    },
  }
}

/** What a stock Uno would say. */
export function helloOf(contract: Contract): DeviceHello {
  return {
    version: 1,
    session: null,
    epoch: EPOCH,
    resetCause: 1,
    receiveBytes: 63,
    maxContent: 56,
    window: 1,
    contractHash: contract.hash,
    eventSeq: 0,
    deadManMs: 0,
    features: 1 | 2 | 64,
    uptimeMs: 5,
    firmwareVersion: '1.0.0',
    contractName: contract.name,
    contractVersion: contract.version,
    baudRates: null,
  }
}
