// One measurement, in a process of its own so that nothing else is measured: `node --expose-gc child.mjs PEER WHAT COUNT`.
// Prints one JSON line.

import { board, program } from './peers.mjs'

/** Growth after the warm-up, of the heap in use and of the memory that the system has given. */
const TARGET_BYTES = 8 * 1_048_576
const SAMPLES = 10
/** Calls on their way at the same time. */
const CALLERS = 16
/** After so many the engine has compiled what it will and has sized its heap: it takes seconds, whatever the count. */
const WARM_UP = { calls: 100_000, events: 1_000_000 }

const [kind, what, countText] = process.argv.slice(2)
const count = Number(countText)
const { port, until, emit } = await (kind === 'board' ? board : program)()
/** Lives as long as the process, as the signal of a service's shutdown does; each call listens to it and must let go. */
const { signal } = new AbortController()

const workloads = {
  /** Of 20 calls 12 are answered, the others are all the ways in which one may end otherwise. */
  async calls(n) {
    let next = 0
    let wrong = 0
    const caller = async () => {
      while (next < n) {
        next += 1
        const turn = next % 20
        const data = Uint8Array.of(next & 0xff, (next >> 8) & 0xff, (next >> 16) & 0xff)
        if (turn === 1) await port.call('refuse', {}, { signal }).catch(() => {})
        else if (turn === 2) await port.call('echo', { data }, { timeoutMs: 0.001, signal }).catch(() => {})
        else if (turn === 3) await port.call('echo', { data }, { signal: AbortSignal.abort() }).catch(() => {})
        else if (turn === 4) await abortedInFlight(data)
        else if (turn === 5) for await (const _ of port.stream('count', { to: 3 }, { signal }));
        else if (turn < 8) port.cast('echo', { data }, { lossy: turn === 6 })
        else {
          const answer = await port.call('echo', { data }, { signal })
          if (Buffer.compare(answer, data) !== 0) wrong += 1
        }
      }
    }
    await until(Promise.all(Array.from({ length: CALLERS }, caller)))
    if (wrong > 0) throw new Error(`${wrong} wrong answers`)
  },

  /** Events that find a mailbox full: its reader has gone to sleep. */
  async events(n) {
    const before = mailbox.dropped
    await until(emit(n))
    while (mailbox.dropped - before < n) await until(port.call('echo', { data: new Uint8Array(1) }))
  },
}

async function abortedInFlight(data) {
  const controller = new AbortController()
  const call = port.call('echo', { data }, { signal: controller.signal })
  controller.abort()
  await call.catch(() => {})
}

const mailbox = port.mailbox()
await until(port.call('echo', { data: new Uint8Array(1) }))
// The first 1,024 wait in the mailbox.
if (what === 'events') await until(emit(1_024))
const warmUp = Math.max(WARM_UP[what], count / SAMPLES)
await workloads[what](warmUp)
const before = measured()
let heapGrowth = 0
let rssGrowth = 0
const startMs = performance.now()
for (let sample = 0; sample < SAMPLES; sample++) {
  await workloads[what](count / SAMPLES)
  const now = measured()
  heapGrowth = Math.max(heapGrowth, now.heap - before.heap)
  rssGrowth = Math.max(rssGrowth, now.rss - before.rss)
  if (process.env.PORTWIRE_SOAK_TRACE) console.error(sample, now)
}
console.log(
  JSON.stringify({
    figure: `memory of ${count} ${what === 'events' ? 'dropped events' : 'calls'}, ${kind}`,
    heap_growth_bytes: heapGrowth,
    rss_growth_bytes: rssGrowth,
    target_bytes: TARGET_BYTES,
    warm_up: warmUp,
    dropped: mailbox.dropped,
    took_ms: Math.round(performance.now() - startMs),
    seed: null,
    met: heapGrowth <= TARGET_BYTES && rssGrowth <= TARGET_BYTES,
  }),
)
await until(port.close())

function measured() {
  for (let i = 0; i < 3; i++) globalThis.gc()
  const { heapUsed, external, arrayBuffers, rss } = process.memoryUsage()
  return { heap: heapUsed + external + arrayBuffers, rss }
}
