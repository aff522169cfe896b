/** A client as the older systems have it, in a few lines, over the same line: one call at a time, whatever comes first is its
 * answer, a job is known by the id in its ok, an end is noticed by the timeout only, and an event counts as done when it has been received. */

import type { Clock } from '../../src/clock.js'
import type { Connector } from '../../src/link/index.js'
import {
  Action,
  createDeframer,
  createPacketDecoder,
  createValueCodec,
  decodeMessage,
  encodeFrame,
  encodeMessage,
  encodePacket,
} from '../../src/wire/index.js'
import { type Bench, bench } from './bench-contract.js'

export interface NaiveClient {
  /** Resolves with the value of the first answer that comes, or with 'timeout'. */
  call(action: keyof Bench['actions'], value: unknown, timeoutMs: number): Promise<unknown>
  /** Asks for a plain event, or asks for it no more. Resolves when the device has answered. */
  bind(event: keyof Bench['events'], on: boolean): Promise<void>
  /** Hears every event that comes; what it throws is lost, as the event has been acknowledged by then. */
  heard(listener: (event: string, n: number) => void): void
  close(): Promise<void>
}

export async function startNaiveClient(connector: Connector, clock: Clock): Promise<NaiveClient> {
  const codec = createValueCodec()
  const answers: unknown[] = []
  const jobs = new Set<number>()
  const waiting: (() => void)[] = []
  let listener: (event: string, n: number) => void = () => {}
  let token = 1

  const arrived = () => {
    for (const look of waiting.splice(0)) look()
  }
  const write = (action: number, number: number, value?: unknown) => {
    const content = encodeMessage(codec, action, number, value)
    link.write(connector.lossless ? encodePacket(content, 2) : encodeFrame(content))
  }
  const take = (content: Uint8Array) => {
    const message = decodeMessage(codec, content)
    if (!message.ok) return
    const { action, value } = message
    const member = bench.byIndex.get(action)
    if (action === Action.REPLY) answers.push(value)
    else if (action === Action.ACK) jobs.add(message.token)
    else if (action === Action.RESULT) {
      const [job, , result] = value as [number, number, unknown]
      if (jobs.delete(job)) answers.push(result) // the end of a job that it knows nothing of is nobody's
    } else if (member?.kind === 'event') {
      if (message.token !== 0) write(Action.ACK, message.token)
      listener(member.name, (value as number[])[0]!)
    }
    if (action === Action.RESULT) write(Action.REPLY, message.token)
    arrived()
  }
  const decoder = connector.lossless
    ? createPacketDecoder({ prefixBytes: 2, maxContentBytes: 65_535 })
    : createDeframer({ maxContentBytes: 65_535 })
  const link = await connector.connect({
    data(bytes) {
      for (const event of decoder.push(bytes)) if (event.kind === 'content') take(event.bytes.slice())
    },
    ended() {}, // nobody is told
  })

  const answer = async (timeoutMs: number): Promise<unknown> => {
    let isOver = false
    const cancel = clock.after(timeoutMs, () => {
      isOver = true
      arrived()
    })
    while (answers.length === 0 && !isOver) await new Promise<void>((look) => waiting.push(look))
    cancel()
    return answers.length > 0 ? answers.shift() : 'timeout'
  }
  const send = (action: number, value: unknown, timeoutMs: number) => {
    write(action, token, value)
    token = (token % 255) + 1
    return answer(timeoutMs)
  }
  for (const [action, value] of [[Action.HELLO, [1, 1, 65_535, 0]], [Action.TICK]] as const) {
    if ((await send(action, value, 5_000)) === 'timeout') throw new Error('the device has said no hello')
  }
  return {
    call: (action, value, timeoutMs) => send(bench.actions.get(action)!.index, value, timeoutMs),
    bind: async (event, on) => void (await send(Action.BIND, [bench.events.get(event)!.index, on], 5_000)),
    heard(next) {
      listener = next
    },
    close: () => link.close(),
  }
}
