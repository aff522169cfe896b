/** What a broker retains: counted, so that its memory has an end, and known, so that nobody hears an old value after the new one. */

export interface Retained {
  /** False: no room. A topic that is there already is replaced; an empty payload is the end of it.
   * @param isExempt  counted, and never refused: of who has bounds of its own. Default false */
  take(topic: string, payload: Uint8Array, isExempt?: boolean): boolean
  /** False: another has taken its place meanwhile, or it was cleared. */
  isCurrent(topic: string, payload: Uint8Array): boolean
}

export function createRetained(limits: { readonly topics: number; readonly bytes: number }): Retained {
  const payloads = new Map<string, Uint8Array>()
  let total = 0
  const bytesOf = (topic: string, payload: Uint8Array) => (payload.length === 0 ? 0 : topic.length + payload.length)
  return {
    take(topic, payload, isExempt = false) {
      const kept = payloads.get(topic)
      const before = kept ? bytesOf(topic, kept) : 0
      const more = bytesOf(topic, payload)
      if (!isExempt && more > before && total + more - before > limits.bytes) return false
      if (!isExempt && !kept && more > 0 && payloads.size >= limits.topics) return false
      total += more - before
      if (more === 0) payloads.delete(topic)
      else payloads.set(topic, payload)
      return true
    },
    isCurrent(topic, payload) {
      const kept = payloads.get(topic)
      return kept !== undefined && Buffer.compare(kept, payload) === 0
    },
  }
}
