/** Cuts what the client writes into requests. A pipe loses nothing, so one that is too long is skipped to its end, and the
 * client lives: Erlang itself would rather close the port. */

import type { PrefixBytes } from '../wire/index.js'

export type ClientRequest =
  /** A whole packet; the bytes are the reader's until the next `push`. */
  | { readonly kind: 'request'; readonly content: Uint8Array }
  /** Longer than `maxContentBytes`. Reported when its length is known; its bytes are skipped. */
  | { readonly kind: 'too_long'; readonly declaredBytes: number }

export interface RequestReader {
  push(chunk: Uint8Array): ClientRequest[]
  /** True while part of a request is held: what an end of the input would cut off. */
  readonly inRequest: boolean
}

export function createRequestReader(prefixBytes: PrefixBytes, maxContentBytes: number): RequestReader {
  let prefixSeen = 0
  let declaredBytes = 0
  /** Content of the request that began in an earlier chunk, and how much of it has come. */
  let held = new Uint8Array(0)
  let seenBytes = 0

  return {
    push(chunk) {
      const requests: ClientRequest[] = []
      let at = 0
      while (true) {
        while (prefixSeen < prefixBytes && at < chunk.length) {
          declaredBytes = declaredBytes * 256 + chunk[at++]!
          prefixSeen += 1
          if (prefixSeen === prefixBytes && declaredBytes > maxContentBytes) {
            requests.push({ kind: 'too_long', declaredBytes })
          }
        }
        if (prefixSeen < prefixBytes) return requests
        const end = Math.min(chunk.length, at + declaredBytes - seenBytes)
        const isKept = declaredBytes <= maxContentBytes
        const isWhole = seenBytes + end - at === declaredBytes
        if (isKept && isWhole && seenBytes === 0) {
          requests.push({ kind: 'request', content: chunk.subarray(at, end) })
        } else if (isKept) {
          if (seenBytes === 0) held = new Uint8Array(declaredBytes)
          held.set(chunk.subarray(at, end), seenBytes)
          if (isWhole) requests.push({ kind: 'request', content: held })
        }
        seenBytes += end - at
        at = end
        if (!isWhole) return requests
        prefixSeen = 0
        declaredBytes = 0
        seenBytes = 0
      }
    },

    get inRequest() {
      return prefixSeen > 0
    },
  }
}
