/** A config with a key of every section in it, as somebody would write it for a machine in the field. */

import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { loadConfig } from '../../../src/gateway/index.js'
import { createAuthority } from '../certificates.js'
import { configFolder, refusal } from './support.js'

const CONFIG = `version: 1
mqtt:
  server: mqtts://broker.local:8883
  base_topic: portwire
  version: 5
  client_id: portwire-attic
  user: !secret mqtt.user            # or from the environment
  ca: ca.pem
  cert: client.pem
  key: client.key
  reject_unauthorized: true
outbox: {dir: outbox, max_bytes: 256MB, ttl: 24h, on_full: drop-oldest, sync: group}
homeassistant: {enabled: true, discovery_topic: homeassistant, status_topic: homeassistant/status}
devices:
  greenhouse:
    match: {vendor_id: "2341", product_id: "0043", serial_number: "75735303431351E0A152"}
    contract: greenhouse.yaml
    baud: 115200
    open: {dtr: release, rts: release, settle: 2s}
    restart: {initial: 250ms, max: 30s, jitter: full, max_restarts: 5, within: 30s, retry_failed: 60s}
    heartbeat: {every: 1s, miss: 3}
`

function folder() {
  const made = configFolder()
  const authority = createAuthority()
  const client = authority.issue('DNS:attic')
  made.write('ca.pem', authority.cert)
  made.write('client.pem', client.cert)
  made.write('client.key', client.key)
  made.write('secrets.yaml', 'mqtt: { user: attic }\n')
  rmSync(authority.folder, { recursive: true })
  return made
}

test('it is taken, and every key of it comes out', () => {
  const made = folder()
  const { mqtt, outbox, homeassistant, devices } = loadConfig(made.write('portwire.yaml', CONFIG), {})
  expect(mqtt).toMatchObject({
    server: { kind: 'external', url: 'mqtts://broker.local:8883' },
    baseTopic: 'portwire',
    version: 5,
    clientId: 'portwire-attic',
    user: 'attic',
    tls: { rejectUnauthorized: true },
  })
  expect(outbox).toMatchObject({
    dir: join(made.path, 'outbox'),
    maxBytes: 256_000_000,
    ttlMs: 86_400_000,
    onFull: 'drop-oldest',
  })
  expect(homeassistant).toEqual({ discoveryTopic: 'homeassistant', statusTopic: 'homeassistant/status' })
  expect(devices).toHaveLength(1)
  expect(devices[0]).toMatchObject({
    name: 'greenhouse',
    target: {
      serial: { vendorId: '2341', productId: '0043', serialNumber: '75735303431351E0A152' },
      baudRate: 115_200,
      dtr: 'release',
      rts: 'release',
      settleMs: 2_000,
    },
    restart: {
      firstMs: 250,
      maxMs: 30_000,
      jitter: 'full',
      intensity: 5,
      periodMs: 30_000,
      retryFailedMs: 60_000,
    },
    heartbeatMs: 1_000,
    missedHeartbeats: 3,
  })
})

test('a section that the gateway does not have is refused by its name', () => {
  const path = folder().write('portwire.yaml', `${CONFIG}http: {listen: 127.0.0.1:9142}\n`)
  expect(refusal(() => loadConfig(path, {}))).toMatch(/:22:1: http: unknown key/)
})
