/** msgpack made to harm whoever decodes it: refused or read in a millisecond, with next to nothing allocated, and what is read can be
 * said in JSON. */

import { getHeapStatistics } from 'node:v8'
import type { NormalResult } from '../../src/contract/index.js'
import { resultToJson } from '../../src/gateway/index.js'
import { createValueCodec } from '../../src/wire/index.js'
import { BOMB_KINDS, BOMBS } from '../wire/bombs.js'
import type { SoakOptions, SoakResult } from './soak.js'

const ANY = { kind: 'any' } as NormalResult
const SIZES = 65_535
/** Of the short version. */
const STEP = 499
const RUNS = 50
/** What takes longer is decoded so often again, and the shortest time counts. */
const SLOW_MS = 1
const AGAIN = 4
/** Before figures count: what the engine has not compiled yet is slow for its own reasons. */
const WARM_UP = 2_000

interface Tally {
  readonly durationsMs: number[]
  /** The longest at the first try, the machine's own delays with it. */
  mostRawMs: number
  accepted: number
  mostBytes: number
  thrown: number
}

export async function* run({ isFull }: SoakOptions): AsyncGenerator<SoakResult> {
  const codec = createValueCodec()
  const decode = (bytes: Uint8Array, tally: Tally) => {
    const before = allocatedBytes()
    const fromMs = performance.now()
    const decoded = codec.decode(bytes)
    const rawMs = performance.now() - fromMs
    let durationMs = rawMs
    const grownBytes = allocatedBytes() - before
    // What is slow by itself is slow again; what the machine did beside is not.
    for (let again = 0; again < AGAIN && durationMs > SLOW_MS; again++) {
      const againMs = performance.now()
      codec.decode(bytes)
      durationMs = Math.min(durationMs, performance.now() - againMs)
    }
    tally.durationsMs.push(durationMs)
    tally.mostRawMs = Math.max(tally.mostRawMs, rawMs)
    tally.mostBytes = Math.max(tally.mostBytes, grownBytes)
    if (!decoded.ok) return
    tally.accepted += 1
    try {
      JSON.stringify(resultToJson(ANY, decoded.value))
    } catch {
      tally.thrown += 1
    }
  }
  for (let round = 0; round < WARM_UP; round++) decode(BOMBS[round % BOMBS.length]![1], fresh())

  const handMade = fresh()
  for (let round = 0; round < (isFull ? RUNS : 3); round++) for (const [, bytes] of BOMBS) decode(bytes, handMade)
  yield resultOf(`${BOMBS.length} bombs made by hand, ${isFull ? RUNS : 3} times`, handMade, isFull)
  for (const [name, bytesOf] of BOMB_KINDS) {
    const tally = fresh()
    for (let size = 1; size <= SIZES; size += isFull ? 1 : STEP) decode(bytesOf(size), tally)
    yield resultOf(`${name} of every size from 1 to ${SIZES}${isFull ? '' : `, in steps of ${STEP}`}`, tally, isFull)
  }
}

function fresh(): Tally {
  return { durationsMs: [], mostRawMs: 0, accepted: 0, mostBytes: 0, thrown: 0 }
}

function allocatedBytes(): number {
  const { used_heap_size: heap, external_memory: external } = getHeapStatistics()
  return heap + external
}

function resultOf(what: string, tally: Tally, isFull: boolean): SoakResult {
  const { durationsMs, mostRawMs, accepted, mostBytes, thrown } = tally
  durationsMs.sort((one, other) => one - other)
  const p99Ms = durationsMs[Math.floor(durationsMs.length * 0.99)]!
  const maxMs = durationsMs.at(-1)!
  const round = (ms: number) => Math.round(ms * 1_000) / 1_000
  return {
    what,
    figures: {
      values: durationsMs.length,
      accepted,
      p99Ms: round(p99Ms),
      maxMs: round(maxMs),
      rawMaxMs: round(mostRawMs),
      mostAllocatedKb: Math.round(mostBytes / 1_024),
      thrown,
    },
    target: 'p99 at most 1 ms, none above 5 ms, at most 1 MB allocated for one, JSON of all that is accepted',
    // A shared machine delays a short run for reasons of its own.
    ok: thrown === 0 && mostBytes <= 1_000_000 && (!isFull || (p99Ms <= 1 && maxMs <= 5)),
  }
}
