/** What of this machine is held by programs and ports, and time that passes by itself. */

import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

/** No close takes longer: EOF, SIGTERM and SIGKILL are done in 1.5 s. */
const LIMIT_MS = 10_000
/** In the environment of every program that is started here, and of whatever it starts. */
export const MARK = 'PORTWIRE_TEST_SCHEDULE'

/** Lets real time pass; 0 is a turn of the event loop. */
export const pass = (ms: number) =>
  new Promise<void>((done) => (ms > 0 ? void setTimeout(done, ms) : void setImmediate(done)))

/** Waits until nothing is held any more, on a busy machine somewhat longer; answers what still is. */
export async function heldAfter(held: () => string[], goneMs: number): Promise<string[]> {
  const untilMs = performance.now() + goneMs
  while (held().length > 0 && performance.now() < untilMs) await pass(5)
  return held()
}

export async function settlesInTime(promise: Promise<unknown>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(resolve, LIMIT_MS, false)
  })
  const done = promise.then(
    () => true,
    () => true,
  )
  const settled = await Promise.race([done, late])
  clearTimeout(timer)
  return settled
}

const pids = () => readdirSync('/proc').filter((name) => /^\d+$/.test(name))
const read = (file: string) => {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return '' // it ended meanwhile, or is somebody else's
  }
}

/** Whatever was started with this environment, however far down. */
export function processesOf(mark: string): string[] {
  return pids()
    .filter((pid) => read(`/proc/${pid}/environ`).includes(`${MARK}=${mark}\0`))
    .map((pid) => `${pid} (${read(`/proc/${pid}/cmdline`).replaceAll('\0', ' ').trim()})`)
}

/** Children of this process that have ended and that it has not taken notice of. */
export function zombies(): string[] {
  return pids().filter((pid) => {
    const stat = read(`/proc/${pid}/stat`)
    const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return state === 'Z' && Number(parent) === process.pid
  })
}

export type Resources = ReadonlyMap<string, number>

/** Descriptors by what they are, and what keeps the event loop alive by its kind. */
export function resources(): Resources {
  const counts = new Map<string, number>()
  const count = (kind: string) => counts.set(kind, (counts.get(kind) ?? 0) + 1)
  for (const fd of readdirSync('/proc/self/fd')) {
    try {
      count(`descriptor of ${readlinkSync(`/proc/self/fd/${fd}`).replace(/\d+/g, 'n')}`)
    } catch {
      // the one that the folder was read with
    }
  }
  for (const kind of process.getActiveResourcesInfo()) if (kind !== 'Immediate') count(`resource ${kind}`)
  return counts
}

export function added(before: Resources, after: Resources): string[] {
  return [...after].flatMap(([kind, count]) => {
    // Timers that are there before are those of the test runner, which come and go.
    const more = count - (kind === 'resource Timeout' ? 0 : (before.get(kind) ?? 0))
    return more > 0 ? [`${more} more: ${kind}`] : []
  })
}
