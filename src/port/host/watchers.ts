/** Who hears the notices of a port. */

import { isThenable } from '../../deferred.js'

/** What a listener throws is its author's to see, as any uncaught error is, but it must not reach the port: bytes of the
 * line, states and other listeners go on. */
export function isolated(run: () => unknown): void {
  const uncaught = (error: unknown) =>
    queueMicrotask(() => {
      throw error
    })
  try {
    const result = run()
    if (isThenable(result)) result.then(undefined, uncaught)
  } catch (error) {
    uncaught(error)
  }
}

export interface Watchers<N> {
  /** Returns how to stop. */
  watch(watcher: (notice: N) => void): () => void
  notify(notice: N): void
  readonly count: number
}

export function createWatchers<N>(): Watchers<N> {
  const watchers = new Set<(notice: N) => void>()
  return {
    watch(watcher) {
      watchers.add(watcher)
      return () => void watchers.delete(watcher)
    },
    notify(notice) {
      for (const watcher of [...watchers]) isolated(() => watcher(notice))
    },
    get count() {
      return watchers.size
    },
  }
}
