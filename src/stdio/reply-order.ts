/** Answers leave in the order of the requests, whatever the order in which they are known: a client without ids has
 * nothing else to go by. */

export interface ReplyOrder {
  /** Takes a place in the order; the returned function fills it, once.
   * `left` is called when the reply has left, before anything after it does. */
  place(): (reply: Uint8Array, left?: () => void) => void
  /** Places taken whose answer has not left. */
  readonly waiting: number
}

interface Place {
  filled: { readonly reply: Uint8Array; readonly left: (() => void) | undefined } | undefined
}

/** @param send  called with each answer when all before it have left */
export function createReplyOrder(send: (reply: Uint8Array) => void): ReplyOrder {
  const places: Place[] = []
  return {
    place() {
      const place: Place = { filled: undefined }
      places.push(place)
      return (reply, left) => {
        place.filled ??= { reply, left }
        for (let first = places[0]?.filled; first; first = places[0]?.filled) {
          places.shift()
          send(first.reply)
          first.left?.()
        }
      }
    },
    get waiting() {
      return places.length
    },
  }
}
