/** How long a message is on the wire. */

import type { Publication } from './publication.js'

/** Bytes of the PUBLISH packet of MQTT 5, where 3.1.1 needs a few less: sections 2.1 and 3.3 of the standard. */
export function packetBytes(publication: Publication): number {
  const { topic, payload, correlationData, userProperties = {}, expirySeconds } = publication
  let properties = 0
  if (correlationData) properties += 1 + 2 + correlationData.length
  if (expirySeconds !== undefined) properties += 1 + 4
  for (const [name, value] of Object.entries(userProperties)) {
    properties += 1 + 2 + Buffer.byteLength(name) + 2 + Buffer.byteLength(value)
  }
  const packetId = publication.qos === 0 ? 0 : 2
  const body =
    2 + Buffer.byteLength(topic) + packetId + varintBytes(properties) + properties + Buffer.byteLength(payload)
  return 1 + varintBytes(body) + body
}

/** True for most packets that are no longer, found without looking at their text: a unit of UTF-16 is at most three bytes of UTF-8. */
export function isSurelyWithin(
  { topic, payload, correlationData, userProperties }: Publication,
  limit: number,
): boolean {
  let units = FIXED_BYTES + topic.length + payload.length + (correlationData?.length ?? 0)
  for (const name in userProperties) units += PROPERTY_BYTES + name.length + userProperties[name]!.length
  return 3 * units <= limit
}

/** All but texts: header and lengths, packet id, expiry, the length of correlation data; and of a user property. */
const FIXED_BYTES = 1 + 4 + 2 + 2 + 4 + 5 + 3
const PROPERTY_BYTES = 5

function varintBytes(value: number): number {
  return value < 128 ? 1 : value < 16_384 ? 2 : value < 2_097_152 ? 3 : 4
}
