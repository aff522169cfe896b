/** What this process holds at the moment, to be compared with another. */

import { readdirSync } from 'node:fs'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

export interface HeldResources {
  readonly descriptors: number
  readonly timers: number
  /** Of the process object, which libraries that clean up after themselves listen to. */
  readonly listeners: number
  readonly rssBytes: number
  /** Live bytes of the heap, which the compiler's own work makes uneven by some hundred KiB. */
  readonly heapBytes: number
  /** Live bytes of array buffers, exact. */
  readonly bufferBytes: number
}

/** Right after a collection. */
export function heldResources(): HeldResources {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  collect()
  collect() // what the first has found dead is given back by the second at the latest
  const { rss, heapUsed, arrayBuffers } = process.memoryUsage()
  const names = process.eventNames()
  return {
    descriptors: readdirSync('/proc/self/fd').length,
    timers: process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length,
    listeners: names.reduce((sum, name) => sum + process.listenerCount(name), 0),
    rssBytes: rss,
    heapBytes: heapUsed,
    bufferBytes: arrayBuffers,
  }
}
