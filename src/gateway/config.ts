/** The config of a gateway: read from a YAML or JSON file, checked, with its contracts loaded. */

import { X509Certificate } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { type Document, isMap } from 'yaml'
import { readContract, readYaml, unreadable } from '../contract/file/index.js'
import type { Contract } from '../contract/index.js'
import { PortwireError } from '../errors.js'
import { type Environment, variableOf, withEnvironment } from './config-environment.js'
import { describeIssues } from './config-problem.js'
import { type ConfigFile, configSchema } from './config-schema.js'
import { type DeviceConfig, deviceOf } from './device-config.js'
import type { HomeAssistantConfig } from './homeassistant/homeassistant.js'
import { LIMITS } from './limits.js'

/** What the gateway runs on: no files are left to be read. */
export interface GatewayConfig {
  readonly mqtt: MqttConfig
  readonly devices: readonly DeviceConfig[]
  /** Undefined: nothing is told to Home Assistant. */
  readonly homeassistant?: HomeAssistantConfig
  /** The config as `bridge/info` shows it: as written, secrets removed. */
  readonly shown: unknown
}

export interface MqttConfig {
  readonly server: ServerConfig
  readonly baseTopic: string
  /** 5 falls back to 3.1.1; 4 is 3.1.1 only. */
  readonly version: 4 | 5
  readonly clientId: string
  readonly user?: string
  readonly password?: string
  /** PEM text. */
  readonly ca?: string
  readonly keepaliveSeconds: number
  readonly reconnectMinMs: number
  readonly reconnectMaxMs: number
}

export type ServerConfig =
  | { readonly kind: 'external'; readonly url: string }
  /** Our own, on 127.0.0.1; port 0 is any free one. */
  | { readonly kind: 'embedded'; readonly port: number }

export const MQTT_DEFAULTS = {
  baseTopic: 'portwire',
  version: 5,
  clientId: 'portwire',
  keepaliveSeconds: LIMITS.keepaliveSeconds,
  reconnectMinMs: LIMITS.reconnectMinMs,
  reconnectMaxMs: LIMITS.reconnectMaxMs,
} as const satisfies Omit<MqttConfig, 'server'>

/** Reads a config file and the contracts that it names.
 * @param env  PORTWIRE_CONFIG_MQTT_<KEY> stands for, and before, the key in the file: `PORTWIRE_CONFIG_MQTT_PASSWORD`
 * @throws CONFIG_INVALID    one line: file, line and column, path of the key, what was expected
 * @throws CONTRACT_INVALID  one line: the contract's file and member */
export function loadConfig(path: string, env: Environment = process.env): GatewayConfig {
  return parseConfig(path, readText(path, LIMITS.configBytes), env)
}

function readText(path: string, maxBytes: number): string {
  try {
    if (statSync(path).size <= maxBytes) return readFileSync(path, 'utf8')
  } catch (error) {
    throw new PortwireError('CONFIG_INVALID', `${path}: ${unreadable(error)}`, { cause: error })
  }
  throw new PortwireError('CONFIG_INVALID', `${path}: longer than ${maxBytes} bytes`)
}

/** The text of a PEM file, in which there is a certificate that can be read. */
function readCertificate(path: string): string {
  const text = readText(path, LIMITS.configBytes)
  try {
    new X509Certificate(text)
    return text
  } catch (error) {
    throw new PortwireError('CONFIG_INVALID', `${path}: mqtt.ca: expected a certificate in PEM`, { cause: error })
  }
}

/** As loadConfig, from text; other files are looked for beside `path`. */
export function parseConfig(path: string, text: string, env: Environment = {}): GatewayConfig {
  const yaml = readYaml(text)
  if (!yaml.ok) {
    throw new PortwireError('CONFIG_INVALID', `${path}${yaml.at}: not YAML: ${yaml.problem}`, { cause: yaml.cause })
  }
  const { document, lines } = yaml
  const input = withEnvironment(yaml.value, env)
  const checked = configSchema.safeParse(input ?? {}, { reportInput: false })
  if (!checked.success) {
    const [first, ...more] = describeIssues(checked.error.issues, input ?? {})
    const others = more.length === 0 ? '' : ` (and ${more.length} more)`
    const variable = variableOf(first!.path, env)
    if (variable !== undefined) throw new PortwireError('CONFIG_INVALID', `${variable}: ${first!.line}${others}`)
    const offset = offsetOf(document, first!.path)
    const at = offset === undefined ? undefined : lines.linePos(offset)
    throw new PortwireError('CONFIG_INVALID', `${path}${at ? `:${at.line}:${at.col}` : ''}: ${first!.line}${others}`)
  }
  return resolveConfig(checked.data, path, input)
}

function resolveConfig(file: ConfigFile, path: string, written: unknown): GatewayConfig {
  const { mqtt, homeassistant } = file
  const contracts = new Map<string, Contract>()
  const contractAt = (name: string): Contract => {
    const full = resolve(dirname(path), name)
    const contract = contracts.get(full) ?? readContract(full)
    contracts.set(full, contract)
    return contract
  }
  return {
    mqtt: {
      server: serverOf(mqtt, path),
      baseTopic: mqtt.base_topic,
      version: mqtt.version,
      clientId: mqtt.client_id,
      ...(mqtt.user !== undefined && { user: mqtt.user }),
      ...(mqtt.password !== undefined && { password: mqtt.password }),
      ...(mqtt.ca !== undefined && { ca: readCertificate(resolve(dirname(path), mqtt.ca)) }),
      keepaliveSeconds: Math.round(mqtt.keepalive / 1_000),
      reconnectMinMs: mqtt.reconnect?.min ?? LIMITS.reconnectMinMs,
      reconnectMaxMs: mqtt.reconnect?.max ?? LIMITS.reconnectMaxMs,
    },
    devices: Object.entries(file.devices).map(([name, device]) =>
      deviceOf(path, name, device, contractAt(device.contract), mqtt.payload),
    ),
    ...(homeassistant?.enabled && {
      homeassistant: { discoveryTopic: homeassistant.discovery_topic, statusTopic: homeassistant.status_topic },
    }),
    shown: withoutSecrets(written),
  }
}

function serverOf(mqtt: ConfigFile['mqtt'], path: string): ServerConfig {
  if (mqtt.embedded === undefined) return { kind: 'external', url: mqtt.server ?? 'mqtt://127.0.0.1:1883' }
  const match = /^(.*?):(\d{1,5})$/.exec(mqtt.embedded)
  const port = Number(match?.[2])
  if (!match || port > 65_535) {
    throw new PortwireError('CONFIG_INVALID', `${path}: mqtt.embedded: expected 127.0.0.1:PORT, got "${mqtt.embedded}"`)
  }
  if (match[1] !== '127.0.0.1' && match[1] !== 'localhost') {
    throw new PortwireError(
      'CONFIG_INVALID',
      `${path}: mqtt.embedded: the embedded broker has no passwords and listens on 127.0.0.1 only, not on "${match[1]}"; ` +
        'use a broker of its own, such as Mosquitto, and mqtt.server',
    )
  }
  return { kind: 'embedded', port }
}

/** The file as it was written, without what only the broker may know. */
function withoutSecrets(written: unknown): unknown {
  const copy = structuredClone(written) as { mqtt?: Record<string, unknown> | null } | null
  for (const secret of ['user', 'password']) {
    if (copy?.mqtt && secret in copy.mqtt) copy.mqtt[secret] = '(removed)'
  }
  return copy
}

/** Where in the text a path begins: its key, or the nearest parent that is there. */
function offsetOf(document: Document, path: readonly (string | number)[]): number | undefined {
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
    } else {
      return (node as { range?: readonly number[] | null } | null)?.range?.[0] ?? offset
    }
  }
  return offset
}
