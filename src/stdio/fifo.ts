/** First in, first out, without moving the rest at each step, and without keeping what was taken. */

export interface Fifo<T> {
  push(item: T): void
  shift(): T | undefined
  readonly length: number
}

/** Taken places are given back in runs of this many. */
const RUN = 1_024

export function createFifo<T>(): Fifo<T> {
  let items: (T | undefined)[] = []
  let taken = 0
  return {
    push: (item) => void items.push(item),
    shift() {
      if (taken === items.length) return undefined
      const item = items[taken]
      items[taken++] = undefined
      if (taken === items.length || taken >= RUN) {
        items = items.slice(taken)
        taken = 0
      }
      return item
    },
    get length() {
      return items.length - taken
    },
  }
}
