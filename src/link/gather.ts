/** Puts small pieces together, so that what is written in one turn leaves in one system call. The memory that it hands out
 * is never written again: a stream may keep it for as long as it likes. */

/** Larger pieces go as they are, without a copy. */
const SMALL_BYTES = 1_024
const BLOCK_BYTES = 16_384

export interface Gather {
  /** Copies a piece; false: it is too large, hand it on after what is held. */
  add(bytes: Uint8Array): boolean
  /** All that is held, in order; undefined: nothing is. */
  take(): Uint8Array | undefined
  /** Not taken yet. */
  readonly heldBytes: number
}

/** @param full called before a piece that does not fit behind what is held; it has to take that */
export function createGather(full: () => void): Gather {
  let block: Uint8Array | undefined
  let from = 0
  let to = 0
  return {
    add(bytes) {
      const { length } = bytes
      if (length > SMALL_BYTES) return false
      if (block === undefined || to + length > BLOCK_BYTES) {
        if (to > from) full()
        block = new Uint8Array(BLOCK_BYTES)
        from = 0
        to = 0
      }
      block.set(bytes, to)
      to += length
      return true
    },
    take() {
      if (to === from) return undefined
      const taken = block!.subarray(from, to)
      from = to
      return taken
    },
    get heldBytes() {
      return to - from
    },
  }
}
