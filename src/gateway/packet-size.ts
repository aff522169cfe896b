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

function varintBytes(value: number): number {
  return value < 128 ? 1 : value < 16_384 ? 2 : value < 2_097_152 ? 3 : 4
}
