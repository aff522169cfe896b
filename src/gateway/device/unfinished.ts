/** Reliable events on their way to the disk or to the broker. After every reconnect a device sends again what was not acknowledged; as
 * long as neither takes anything, each event is held once and not once a session. */

export interface Unfinished {
  /** Runs `take`, unless the same event is under way: then both wait for that.
   * @param id  undefined: no other event is the same
   * @param take  calls `begun` when nothing can have it forgotten any more */
  once(id: string | undefined, take: (begun: () => void) => Promise<void>): Promise<void>
  /** Forgets those that have not begun. */
  forget(): void
}

export function createUnfinished(): Unfinished {
  const underWay = new Map<string, { hasBegun: boolean; finished: Promise<void> }>()
  return {
    once(id, take) {
      if (id === undefined) return take(() => {})
      const same = underWay.get(id)
      if (same) return same.finished
      const own = { hasBegun: false, finished: Promise.resolve() }
      underWay.set(id, own)
      own.finished = take(() => {
        own.hasBegun = true
      })
      const over = () => {
        if (underWay.get(id) === own) underWay.delete(id)
      }
      own.finished.then(over, over)
      return own.finished
    },
    forget() {
      for (const [id, { hasBegun }] of underWay) if (!hasBegun) underWay.delete(id)
    },
  }
}
