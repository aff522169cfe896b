/** What is another in a new config: which devices go on, and what a reload cannot take over; pure. */

import { isDeepStrictEqual } from 'node:util'
import type { GatewayConfig, MqttConfig } from '../config.js'
import type { DeviceConfig } from '../device/config.js'

export interface ConfigChanges {
  /** Names of devices: those that go on (at most with another quota), started anew, started, ended. */
  readonly kept: readonly string[]
  readonly changed: readonly string[]
  readonly added: readonly string[]
  readonly removed: readonly string[]
  /** Keys in dots that are taken over at the next start of the gateway only. */
  readonly needsRestart: readonly string[]
}

export function changesBetween(before: GatewayConfig, after: GatewayConfig): ConfigChanges {
  const old = new Map(before.devices.map((device) => [device.name, device]))
  const names = new Set(after.devices.map(({ name }) => name))
  const there = after.devices.filter(({ name }) => old.has(name))
  const isSame = (device: DeviceConfig) => isSameDevice(old.get(device.name)!, device)
  const namesOf = (devices: readonly DeviceConfig[]) => devices.map(({ name }) => name)
  return {
    kept: namesOf(there.filter(isSame)),
    changed: namesOf(there.filter((device) => !isSame(device))),
    added: namesOf(after.devices.filter(({ name }) => !old.has(name))),
    removed: [...old.keys()].filter((name) => !names.has(name)),
    needsRestart: [
      ...differing('mqtt', keysOfMqtt(before.mqtt), keysOfMqtt(after.mqtt)),
      ...differing('log', before.log, after.log),
      ...differing('outbox', before.outbox, after.outbox),
      ...differing('homeassistant', before.homeassistant, after.homeassistant),
    ],
  }
}

/** A contract that was read again is another object; what it says counts. The quota is taken over by the device as it runs. */
function isSameDevice(
  { contract: a, eventQuota: _old, ...before }: DeviceConfig,
  { contract: b, eventQuota: _new, ...after }: DeviceConfig,
): boolean {
  return isDeepStrictEqual(before, after) && isDeepStrictEqual(a.definition, b.definition)
}

/** As they are called in the file. What stands in a certificate's file is read at each connection, and is no change. */
function keysOfMqtt({ server, tls, ...rest }: MqttConfig): object {
  const keys = { ...rest, ...tls }
  if (server.kind === 'external') return { ...keys, server: server.url }
  const { host, port, users, anonymous } = server
  return { ...keys, 'embedded.listen': [host, port], 'embedded.users': users, 'embedded.anonymous': anonymous }
}

function differing(section: string, before: object = {}, after: object = {}): string[] {
  const [old, fresh] = [before, after] as Record<string, unknown>[]
  const keys = new Set([...Object.keys(old!), ...Object.keys(fresh!)])
  return [...keys]
    .filter((key) => !isDeepStrictEqual(old![key], fresh![key]))
    .map((key) => `${section}.${NAME_IN_FILE[key] ?? key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}`)
    .sort()
}

const NAME_IN_FILE: Readonly<Record<string, string>> = {
  keepaliveSeconds: 'keepalive',
  reconnectMinMs: 'reconnect.min',
  reconnectMaxMs: 'reconnect.max',
  ttlMs: 'ttl',
  holdMs: 'hold',
}
