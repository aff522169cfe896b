/** Answers leave in the order of the requests, whatever the order in which they are known: a client without ids has
 * nothing else to go by. */

export interface ReplyOrder {
  /** Takes a place in the order; the returned function fills it, once. */
  place(): (reply: Uint8Array) => void
  /** Places taken whose answer has not left. */
  readonly waiting: number
}

/** @param send  called with each answer when all before it have left */
export function createReplyOrder(send: (reply: Uint8Array) => void): ReplyOrder {
  const places: { reply: Uint8Array | undefined }[] = []
  return {
    place() {
      const place: { reply: Uint8Array | undefined } = { reply: undefined }
      places.push(place)
      return (reply) => {
        place.reply ??= reply
        while (places[0]?.reply !== undefined) send(places.shift()!.reply!)
      }
    },
    get waiting() {
      return places.length
    },
  }
}
