/** What is due at which tick of a board's crystal, in order: the board's own timers, apart from its CPU's. */

export interface TickQueue {
  /** Runs `run` at `tick`; entries of one tick run in the order in which they came. Returns a function that cancels. */
  at(tick: number, run: (tick: number) => void): () => void
  /** The tick of the first entry; Infinity when there is none. */
  nextTick(): number
  /** Takes and runs the first entry. */
  runNext(): void
}

interface Entry {
  readonly tick: number
  readonly run: (tick: number) => void
}

/** @param onAdded  told the tick of every new entry, so that a run that is under way stops in time */
export function createTickQueue(onAdded: (tick: number) => void): TickQueue {
  const entries: Entry[] = []
  return {
    at(tick, run) {
      const entry: Entry = { tick, run }
      let index = entries.length
      while (index > 0 && entries[index - 1]!.tick > tick) index--
      entries.splice(index, 0, entry)
      onAdded(tick)
      return () => {
        const found = entries.indexOf(entry)
        if (found >= 0) entries.splice(found, 1)
      }
    },
    nextTick: () => (entries.length > 0 ? entries[0]!.tick : Number.POSITIVE_INFINITY),
    runNext() {
      const entry = entries.shift()
      entry?.run(entry.tick)
    },
  }
}
