/** The mark of an event that is sent later than it came. Pure. */

import { withMember } from '../member.js'

export type HistoricalMember = 'historical' | 'event_historical'

/** @param payload  a JSON object with a member at least, or a map of msgpack */
export function markedHistorical(payload: string | Uint8Array, member: HistoricalMember): string | Uint8Array {
  return withMember(payload, member, true)
}
