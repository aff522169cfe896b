/** Which messages a device's receive ring has cut, by what they were: a first transmission must never be among them. */

import { Action, createDeframer } from '../../src/wire/index.js'

/** `first`: whatever was sent for the first time, answers and ACKs too, each time that they are sent. `repeat`: a further copy of
 * a call, or the SKIP in its place. `tick`: asks for room. `hello`: begins the count anew, and goes on until it is answered.
 * `cut`: no whole frame, as the host was ended in the middle of it. */
export type LossCause = 'first' | 'repeat' | 'tick' | 'hello' | 'cut'

export interface RingLosses {
  /** A byte as it goes onto the wire, in order, since the device got power. */
  sent(byte: number): void
  /** Bytes that the ring did not take: where they stand among all that were sent, from 0. */
  lost(position: number, bytes: number): void
  /** Messages that were cut, each once. */
  causes(): Readonly<Record<LossCause, number>>
  /** First transmissions that were sent. */
  readonly firsts: number
}

interface SentFrame {
  readonly start: number
  readonly end: number
  readonly cause: LossCause
  isCut: boolean
}

const MAX_CONTENT_BYTES = 512
const DELIMITER = 0

export function createRingLosses(): RingLosses {
  const deframer = createDeframer({ maxContentBytes: MAX_CONTENT_BYTES })
  const frames: SentFrame[] = []
  /** What each token of the lane of calls was last sent with. */
  let lastOf = new Map<number, string>()
  let position = 0
  let start = 0
  let firsts = 0

  const causeOf = (content: Uint8Array): LossCause => {
    const [action = 0, token = 0] = content
    if (action === Action.HELLO) {
      lastOf = new Map()
      return 'hello'
    }
    const isAnswer = action === Action.REPLY || action === Action.ERROR || action === Action.ACK
    if (token === 0 || isAnswer) return 'first'
    const text = content.join()
    const isCopy = lastOf.get(token) === text || (action === Action.SKIP && lastOf.has(token))
    lastOf.set(token, text)
    if (action === Action.TICK) return 'tick'
    return isCopy ? 'repeat' : 'first'
  }

  return {
    sent(byte) {
      const [event] = deframer.push(Uint8Array.of(byte))
      position += 1
      if (byte !== DELIMITER || position - start === 1) return
      const cause = event?.kind === 'content' ? causeOf(event.bytes) : 'cut'
      if (cause === 'first') firsts += 1
      frames.push({ start, end: position, cause, isCut: false })
      start = position
    },
    lost(from, bytes) {
      for (const frame of frames) if (frame.start < from + bytes && from < frame.end) frame.isCut = true
    },
    causes() {
      const counts = { first: 0, repeat: 0, tick: 0, hello: 0, cut: 0 }
      for (const { cause, isCut } of frames) if (isCut) counts[cause] += 1
      return counts
    },
    get firsts() {
      return firsts
    },
  }
}
