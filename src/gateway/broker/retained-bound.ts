/** Counts what a broker retains, so that its memory has an end. */

export interface Retained {
  /** False: no room. A topic that is there already is replaced; no bytes are the end of it.
   * @param isExempt  counted, and never refused: of who has bounds of its own. Default false */
  take(topic: string, bytes: number, isExempt?: boolean): boolean
}

export function createRetained(limits: { readonly topics: number; readonly bytes: number }): Retained {
  const sizes = new Map<string, number>()
  let total = 0
  return {
    take(topic, bytes, isExempt = false) {
      const before = sizes.get(topic)
      const more = bytes === 0 ? 0 : topic.length + bytes
      const isNew = before === undefined && bytes > 0
      if (!isExempt && more > (before ?? 0) && total + more - (before ?? 0) > limits.bytes) return false
      if (!isExempt && isNew && sizes.size >= limits.topics) return false
      total += more - (before ?? 0)
      if (bytes === 0) sizes.delete(topic)
      else sizes.set(topic, more)
      return true
    },
  }
}
