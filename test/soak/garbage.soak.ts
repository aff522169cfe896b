/** Garbage on the line, ten chunks of it for each good frame: every good frame is taken, in order, and nothing else is. */

import { monitorEventLoopDelay } from 'node:perf_hooks'
import { seeded } from '../../src/testing/seeded.js'
import { createDeframer, createValueCodec, decodeMessage, encodeFrame } from '../../src/wire/index.js'
import type { SoakOptions, SoakResult } from './soak.js'

const CHUNKS_PER_SECOND = 10_000
const GOOD_PER_SECOND = 1_000
const BATCHES_PER_SECOND = 100
const MAX_CHUNK_BYTES = 200
const SEQUENCE_ACTION = 7
/** Longer than any run of garbage may be held. */
const MAX_CONTENT_BYTES = 512

export async function* run({ seed, isFull }: SoakOptions): AsyncGenerator<SoakResult> {
  const seconds = isFull ? 60 : 1
  const random = seeded(seed)
  const codec = createValueCodec()
  const deframer = createDeframer({ maxContentBytes: MAX_CONTENT_BYTES })
  let sent = 0
  let expected = 0
  let bogus = 0
  let dropped = 0
  const push = (bytes: Uint8Array) => {
    for (const event of deframer.push(bytes)) {
      if (event.kind === 'drop') dropped += 1
      if (event.kind !== 'content') continue
      const message = decodeMessage(codec, event.bytes)
      if (message.ok && message.action === SEQUENCE_ACTION && message.value === expected) expected += 1
      else bogus += 1
    }
  }
  const garbage = () => {
    const bytes = new Uint8Array(1 + Math.floor(random() * MAX_CHUNK_BYTES))
    for (let at = 0; at < bytes.length; at++) bytes[at] = random() * 256
    return bytes
  }
  const good = () => {
    const value = codec.encode(sent++)
    const content = new Uint8Array(2 + value.length)
    content.set([SEQUENCE_ACTION, 0])
    content.set(value, 2)
    return encodeFrame(content)
  }
  const delay = monitorEventLoopDelay({ resolution: 1 })
  delay.enable()
  const perBatch = (CHUNKS_PER_SECOND + GOOD_PER_SECOND) / BATCHES_PER_SECOND
  for (let batch = 0; batch < seconds * BATCHES_PER_SECOND; batch++) {
    for (let chunk = 0; chunk < perBatch; chunk++) {
      const isGood = chunk % (perBatch / (GOOD_PER_SECOND / BATCHES_PER_SECOND)) === 0
      push(isGood ? good() : garbage())
    }
    await new Promise((resolve) => setTimeout(resolve, 1_000 / BATCHES_PER_SECOND))
  }
  push(Uint8Array.of(0))
  delay.disable()
  const delayP99Ms = Math.round(delay.percentile(99) / 1e4) / 100
  yield {
    what: `${seconds} s of ${CHUNKS_PER_SECOND} random chunks/s (1 to ${MAX_CHUNK_BYTES} bytes) with ${GOOD_PER_SECOND} good frames/s among them`,
    figures: { sent, taken: expected, bogus, dropped, delayP99Ms },
    target: 'all good frames taken, in order, 0 bogus; delay of the event loop p99 at most 20 ms',
    // A shared machine delays a short run for reasons of its own.
    ok: expected === sent && bogus === 0 && (!isFull || delayP99Ms <= 20),
  }
}
