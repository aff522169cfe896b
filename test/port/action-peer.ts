/** A peer of protocol `action` that says just what a test tells it to, and the contract of `programs/peer.c`. */

import type { ContractDefinition } from '../../src/contract/index.js'
import type { Exit } from '../../src/exit.js'
import { type CallError, createPort, defineContract, type OpenOptions, type PortNotice } from '../../src/index.js'
import type { Connector, LinkHandlers } from '../../src/link/index.js'
import type { ActionOptions } from '../../src/port/host/action-protocol.js'
import { createVirtualClock } from '../../src/testing/virtual-clock.js'
import { createPacketDecoder, createValueCodec, encodePacket, type PrefixBytes } from '../../src/wire/index.js'

const anything = { args: 'any', result: 'any' } as const

/** In the order of the program's numbers. */
export const peer = defineContract({
  name: 'peer',
  version: '1',
  actions: {
    echo: anything,
    hold: anything,
    crash: anything,
    empty: anything,
    excess: anything,
    big: anything,
    halfExit: anything,
    halfHang: anything,
    done: anything,
    nil: anything,
    fail: anything,
    twice: anything,
    request: anything,
    never: anything,
    lie: anything,
    pid: anything,
    slow: anything,
    length: anything,
    half: anything,
    doneVoid: { index: 8 + 100 },
  },
})
export type Peer = (typeof peer)['definition']

/** One request as it came: action and value, without the prefix. */
export type Request = Uint8Array

export interface ScriptedPeer {
  readonly connector: Connector
  /** Takes the requests that came since the last take, on all links. */
  take(): Request[]
  /** Answers with a packet that is this value. */
  answer(value: unknown): void
  /** Sends a packet with these bytes. */
  packet(...content: number[]): void
  bytes(...bytes: number[]): void
  end(exit: Exit): void
  readonly opens: number
  readonly bytesHeard: number
}

export interface ScriptedPeerOptions {
  readonly prefixBytes?: PrefixBytes
  readonly lossless?: boolean
}

export function createScriptedPeer({ prefixBytes = 2, lossless = true }: ScriptedPeerOptions = {}): ScriptedPeer {
  const codec = createValueCodec({ maxBinaryBytes: 2 ** 24 })
  const requests: Request[] = []
  let handlers: LinkHandlers | undefined
  let opens = 0
  let bytesHeard = 0
  const packet = (...content: number[]) => handlers?.data(encodePacket(Uint8Array.from(content), prefixBytes))
  return {
    connector: {
      name: 'scripted',
      lossless,
      ...(lossless ? {} : { baudRate: 115_200 }),
      async connect(given) {
        opens += 1
        handlers = given
        const decoder = createPacketDecoder({ prefixBytes, maxContentBytes: 2 ** 24 })
        let isOver = false
        return {
          write(bytes) {
            bytesHeard += bytes.length
            for (const event of decoder.push(bytes)) if (event.kind === 'content') requests.push(event.bytes.slice())
            return true
          },
          drained: async () => {},
          async close() {
            if (!isOver) given.ended({ kind: 'closed' })
            isOver = true
          },
        }
      },
    },
    take: () => requests.splice(0),
    answer: (value) => packet(...codec.encode(value)),
    packet,
    bytes: (...bytes) => handlers?.data(Uint8Array.from(bytes)),
    end: (exit) => handlers?.ended(exit),
    get opens() {
      return opens
    },
    get bytesHeard() {
      return bytesHeard
    },
  }
}

export type Options = Partial<Omit<OpenOptions<Peer>, 'clock'>> & { readonly action?: ActionOptions }

/** A port over a scripted peer in virtual time, ready. */
export async function scriptedPort(options: Options = {}, peerOptions: ScriptedPeerOptions = {}) {
  const clock = createVirtualClock()
  const scripted = createScriptedPeer({ prefixBytes: options.packet ?? 2, ...peerOptions })
  const port = createPort(peer, {
    protocol: 'action',
    random: () => 0.5,
    ...options,
    link: scripted.connector,
    clock,
  } as OpenOptions<Peer & ContractDefinition>)
  const notices: PortNotice[] = []
  port.watch((notice) => notices.push(notice))
  await clock.until(port.ready())
  await clock.advance(1)
  return { clock, port, peer: scripted, notices }
}

export function problems(notices: readonly PortNotice[]): string[] {
  return notices.flatMap((notice) => (notice.kind === 'refused' ? [notice.problem] : []))
}

export function hex(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(' ')
}

/** For a call whose end is not looked at. */
export function forget(promise: Promise<unknown>): void {
  promise.catch(() => {})
}

/** The error that a promise rejects with. */
export function failure(promise: Promise<unknown>): Promise<CallError> {
  return promise.then(
    (value) => {
      throw new Error(`it did not fail, but gave ${value}`)
    },
    (error: CallError) => error,
  )
}
