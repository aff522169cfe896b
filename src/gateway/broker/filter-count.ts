/** Counts the topic filters of one SUBSCRIBE or UNSUBSCRIBE as its bytes pass, before anything is made of them. */

/** Of the packet id (MQTT 3.1.1, sections 3.8.2 and 3.10.2), in front of the filters. */
const ID_BYTES = 2

/** @param optionBytes  behind each filter: 1, its QoS, in a SUBSCRIBE (section 3.8.3), 0 in an UNSUBSCRIBE (3.10.3)
 * @returns  a function that takes the next bytes of the body, from `start` up to `end`, and returns how many filters begin there */
export function createFilterCount(optionBytes: 0 | 1): (chunk: Uint8Array, start: number, end: number) => number {
  let skip = ID_BYTES
  /** The first of the two bytes of a filter's length. */
  let high: number | undefined

  return (chunk, start, end) => {
    let filters = 0
    let at = start
    while (at < end) {
      if (skip > 0) {
        const here = Math.min(skip, end - at)
        at += here
        skip -= here
      } else if (high === undefined) {
        high = chunk[at]!
        at += 1
      } else {
        filters += 1
        skip = high * 256 + chunk[at]! + optionBytes
        high = undefined
        at += 1
      }
    }
    return filters
  }
}
