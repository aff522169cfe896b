import { createRequire } from 'node:module'
import { expect, test } from 'vitest'
import { isSurelyWithin, packetBytes } from '../../../src/gateway/mqtt/packet-size.js'
import type { Publication } from '../../../src/gateway/mqtt/publication.js'

// The packet as mqtt.js writes it.
const requireOfMqtt = createRequire(createRequire(import.meta.url).resolve('mqtt'))
const { generate } = requireOfMqtt('mqtt-packet') as { generate: (packet: object, options: object) => Buffer }

const base: Publication = { topic: 'portwire/gewächshaus', payload: '{"celsius":21.5}', qos: 1, retain: false }

const cases: [string, Publication][] = [
  ['a plain one', base],
  ['QoS 0', { ...base, qos: 0 }],
  [
    'one with properties',
    { ...base, userProperties: { id: 'é:1' }, expirySeconds: 5, correlationData: Buffer.alloc(9) },
  ],
  ['many properties', { ...base, userProperties: { id: 'x'.repeat(300) } }],
  ['a long one', { ...base, payload: 'é'.repeat(20_000) }],
]

test.each(cases)('%s is as long as it says', (_name, publication) => {
  const { topic, payload, qos, retain, correlationData, userProperties, expirySeconds } = publication
  const properties = {
    ...(correlationData && { correlationData }),
    ...(userProperties && { userProperties }),
    ...(expirySeconds !== undefined && { messageExpiryInterval: expirySeconds }),
  }
  const packet = { cmd: 'publish', topic, payload, qos, retain, messageId: 1, dup: false, properties }
  expect(packetBytes(publication)).toBe(generate(packet, { protocolVersion: 5 }).length)
})

test.each(cases)('%s is never taken for shorter than it is, and for short enough well above', (_name, publication) => {
  const bytes = packetBytes(publication)
  expect(isSurelyWithin(publication, bytes - 1)).toBe(false)
  expect(isSurelyWithin(publication, 3 * bytes + 100)).toBe(true)
})
