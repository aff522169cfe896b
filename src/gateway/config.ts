/** The config of a gateway: read from a YAML or JSON file, checked, with its contracts loaded. */

import { dirname, resolve } from 'node:path'
import { type Document, isMap, isSeq } from 'yaml'
import { readContract, readYaml } from '../contract/file/index.js'
import type { Contract } from '../contract/index.js'
import { PortwireError } from '../errors.js'
import { type EmbeddedConfig, embeddedOf } from './broker/config.js'
import { type Environment, withEnvironment } from './config/environment.js'
import { migrated } from './config/migrate.js'
import { describeIssues, dots } from './config/problem.js'
import { type ConfigFile, configSchema } from './config/schema.js'
import { SECRET_TAG, withoutSecrets, withSecrets } from './config/secrets.js'
import { readPassword, readText } from './config/text-file.js'
import type { Path } from './config/tree.js'
import { type DeviceConfig, deviceOf } from './device/config.js'
import type { HomeAssistantConfig } from './homeassistant/homeassistant.js'
import { LIMITS } from './limits.js'
import type { LogLevel } from './log.js'
import { type TlsFiles, tlsOf } from './mqtt/tls-files.js'
import { type OutboxConfig, outboxOf } from './outbox/config.js'

/** What the gateway runs on: no files are left to be read. */
export interface GatewayConfig {
  readonly mqtt: MqttConfig
  readonly devices: readonly DeviceConfig[]
  /** Undefined: nothing is told to Home Assistant. */
  readonly homeassistant?: HomeAssistantConfig
  /** Where events wait on disk; undefined: in memory. */
  readonly outbox?: OutboxConfig
  readonly log?: { readonly level?: LogLevel; readonly format?: 'text' | 'json' }
  /** The config as `bridge/info` shows it: as written, secrets removed. */
  readonly shown: unknown
  /** Version of the format that the file has, when it is an older one. */
  readonly migratedFrom?: number
}

export interface MqttConfig {
  readonly server: ServerConfig
  readonly baseTopic: string
  /** 5 falls back to 3.1.1; 4 is 3.1.1 only. */
  readonly version: 4 | 5
  readonly clientId: string
  readonly user?: string
  readonly password?: string
  /** Of an mqtts broker. */
  readonly tls?: TlsFiles
  readonly keepaliveSeconds: number
  /** Of a broker that cannot say it itself. Default: no other limit than LIMITS.publishBytes. */
  readonly maxPacketBytes?: number
  readonly reconnectMinMs: number
  readonly reconnectMaxMs: number
}

export type ServerConfig = { readonly kind: 'external'; readonly url: string } | EmbeddedConfig

export const MQTT_DEFAULTS = {
  baseTopic: 'portwire',
  version: 5,
  clientId: 'portwire',
  keepaliveSeconds: LIMITS.keepaliveSeconds,
  reconnectMinMs: LIMITS.reconnectMinMs,
  reconnectMaxMs: LIMITS.reconnectMaxMs,
} as const satisfies Omit<MqttConfig, 'server'>

/** Where !secret looks when the config names no file. */
const SECRETS_FILE = 'secrets.yaml'

/** Reads a config file and the contracts, certificates and secrets that it names.
 * @param env  PORTWIRE_CONFIG_<PATH> stands for, and before, the key in the file: `PORTWIRE_CONFIG_MQTT_PASSWORD`
 * @throws CONFIG_INVALID    one line: file, line and column, path of the key, what was expected
 * @throws CONTRACT_INVALID  one line: the contract's file and member */
export function loadConfig(path: string, env: Environment = process.env): GatewayConfig {
  return parseConfig(path, readText(path), env)
}

/** As loadConfig, from text; other files are looked for beside `path`. */
export function parseConfig(path: string, text: string, env: Environment = {}): GatewayConfig {
  const yaml = readYaml(text, [SECRET_TAG])
  if (!yaml.ok) {
    throw new PortwireError('CONFIG_INVALID', `${path}${yaml.at}: not YAML: ${unquoted(yaml.problem)}`)
  }
  const at = (place: Path) => {
    const offset = offsetOf(yaml.document, place)
    const position = offset === undefined ? undefined : yaml.lines.linePos(offset)
    return `${path}${position ? `:${position.line}:${position.col}` : ''}`
  }
  const format = migrated(yaml.value)
  if (!format.ok) throw new PortwireError('CONFIG_INVALID', `${at(['version'])}: ${format.problem}`)
  const { value: written, variableOf, variablesIn } = withEnvironment(format.value, env)
  const secret = withSecrets(written, resolve(dirname(path), secretsFileOf(written)))
  if ('problem' in secret) {
    throw new PortwireError('CONFIG_INVALID', `${at(secret.path)}: ${dots(secret.path)}: ${secret.problem}`)
  }
  const input = secret.value ?? {}
  const checked = configSchema.safeParse(input, { reportInput: false })
  if (!checked.success) {
    const [first, ...more] = describeIssues(checked.error.issues, input)
    const others = more.length === 0 ? '' : ` (and ${more.length} more)`
    const place = variableOf(first!.path) ?? at(first!.path)
    const variables = variablesIn(first!.path, first!.line)
    const given = variables.length === 0 ? '' : `; ${variables.join(' and ')} of the environment counts too`
    throw new PortwireError('CONFIG_INVALID', `${place}: ${first!.line}${given}${others}`)
  }
  return {
    ...resolveConfig(checked.data, path, env),
    shown: withoutSecrets(written),
    ...(format.from !== undefined && { migratedFrom: format.from }),
  }
}

/** What is taken for a tag or an alias may be a password that begins with `!` or `*`: it is not repeated, nor handed on as cause. */
function unquoted(problem: string): string {
  return problem.replace(/^(Unresolved (?:tag|alias))\b.*$/s, '$1; a value that begins with ! or * goes in quotes')
}

/** Looked up before the whole is checked, which needs the secrets. */
function secretsFileOf(written: unknown): string {
  const file = (written as { secrets_file?: unknown } | null | undefined)?.secrets_file
  return typeof file === 'string' && file !== '' ? file : SECRETS_FILE
}

function resolveConfig(file: ConfigFile, path: string, env: Environment): Omit<GatewayConfig, 'shown'> {
  const { homeassistant } = file
  const outbox = outboxOf(file, path, env)
  const contracts = new Map<string, Contract>()
  const contractAt = (name: string): Contract => {
    const full = resolve(dirname(path), name)
    const contract = contracts.get(full) ?? readContract(full)
    contracts.set(full, contract)
    return contract
  }
  const discovery = homeassistant?.enabled
    ? { discoveryTopic: homeassistant.discovery_topic, statusTopic: homeassistant.status_topic }
    : undefined
  return {
    mqtt: mqttOf(file.mqtt, discovery, path),
    ...(file.log && { log: { ...file.log } as NonNullable<GatewayConfig['log']> }),
    devices: Object.entries(file.devices).map(([name, device]) =>
      deviceOf(path, name, device, contractAt(device.contract), file.mqtt.payload),
    ),
    ...(outbox && { outbox }),
    ...(discovery && { homeassistant: discovery }),
  }
}

function mqttOf(mqtt: ConfigFile['mqtt'], discovery: GatewayConfig['homeassistant'], path: string): MqttConfig {
  const beside = (name: string) => resolve(dirname(path), name)
  const password =
    mqtt.password ?? (mqtt.password_file && readPassword(beside(mqtt.password_file), 'mqtt.password_file'))
  return {
    server: serverOf(mqtt, discovery, path),
    baseTopic: mqtt.base_topic,
    version: mqtt.version,
    clientId: mqtt.client_id,
    ...(mqtt.user !== undefined && { user: mqtt.user }),
    ...(password !== undefined && { password }),
    ...tlsOf(mqtt, path),
    ...(mqtt.max_packet_bytes !== undefined && { maxPacketBytes: mqtt.max_packet_bytes }),
    keepaliveSeconds: mqtt.keepalive === undefined ? LIMITS.keepaliveSeconds : Math.round(mqtt.keepalive / 1_000),
    reconnectMinMs: mqtt.reconnect?.min ?? LIMITS.reconnectMinMs,
    reconnectMaxMs: mqtt.reconnect?.max ?? LIMITS.reconnectMaxMs,
  }
}

function serverOf(mqtt: ConfigFile['mqtt'], discovery: GatewayConfig['homeassistant'], path: string): ServerConfig {
  if (mqtt.embedded === undefined) return { kind: 'external', url: mqtt.server ?? 'mqtt://127.0.0.1:1883' }
  return embeddedOf(mqtt.embedded, mqtt.base_topic, discovery, path)
}

/** Where in the text a path begins: its key, or the nearest parent that is there. */
function offsetOf(document: Document, path: Path): number | undefined {
  let node: unknown = document.contents
  let offset: number | undefined
  for (const key of path) {
    if (isMap(node)) {
      const pair = node.items.find(
        (item) => String((item.key as { value?: unknown })?.value ?? item.key) === String(key),
      )
      if (!pair) return offset
      offset = (pair.key as { range?: readonly number[] | null })?.range?.[0] ?? offset
      node = pair.value
    } else if (isSeq(node)) {
      node = node.items[Number(key)]
      offset = (node as { range?: readonly number[] | null } | undefined)?.range?.[0] ?? offset
    } else {
      return (node as { range?: readonly number[] | null } | null)?.range?.[0] ?? offset
    }
  }
  return offset
}
