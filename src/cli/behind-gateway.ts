/** A device behind a gateway, reached over MQTT. */

import { randomBytes } from 'node:crypto'
import { didYouMean } from '../contract/file/nearest.js'
import type { Contract, ContractDefinition } from '../contract/index.js'
import { defineContract } from '../contract/index.js'
import {
  BASE_TOPIC,
  brokerCredentials,
  ConnectError,
  type Connection,
  connectToBroker,
  createTopics,
  type DeviceRow,
  decodeMsgpack,
  type Inbound,
  isBrokerUrl,
  isMsgpack,
  LIMITS,
  type Publication,
  resultToJson,
  SubscriptionRefusedError,
  shownName,
  type Topics,
} from '../gateway/index.js'
import { runtimeError, usageError } from './exit-code.js'

export interface GatewayOptions {
  readonly url: string
  readonly baseTopic: string
}

export interface RemoteDevice {
  readonly name: string
  readonly topics: Topics
  readonly row: DeviceRow
  readonly contract: Contract
  subscribe(topics: readonly string[]): Promise<void>
  publish(publication: Publication): void
  /** Hears every message of the subscriptions. */
  hear(listener: (inbound: Inbound) => void): void
  /** Resolves with the reason when the connection is lost. */
  readonly lost: Promise<string>
  close(): Promise<void>
}

/** A gateway's retained messages come with the subscription; this covers a slow network. */
const FIND_MS = 2_000

/** Connects to the broker and finds the device in the gateway's list.
 * @throws USAGE  an address or a base topic that is none
 * @throws Error  no broker, no gateway that runs, or no such device: the message says what to do */
export async function findDevice(name: string, options: GatewayOptions): Promise<RemoteDevice> {
  const url = brokerUrl(options.url)
  if (!BASE_TOPIC.test(options.baseTopic)) {
    const expected = 'expected one to four levels of letters, digits, _ and -'
    throw usageError(`--base-topic: ${expected}, got "${shownName(options.baseTopic)}"`)
  }
  const topics = createTopics(options.baseTopic)
  const listeners: ((inbound: Inbound) => void)[] = []
  let sayLost!: (reason: string) => void
  const lost = new Promise<string>((resolve) => {
    sayLost = resolve
  })
  const connection = await connect(url, {
    message: (inbound, taken) => {
      for (const listener of listeners) listener(inbound)
      taken()
    },
    closed: sayLost,
  })
  try {
    const told = await hearRetained(connection, [topics.bridgeState, topics.bridgeDevices], listeners, isOffline)
    const state = stateIn(told.get(topics.bridgeState))
    const rows = rowsIn(told.get(topics.bridgeDevices), topics)
    const where = `${new URL(url).host} under ${topics.base}/`
    if (state === undefined && rows === undefined) {
      throw runtimeError(
        `no gateway is at the broker ${where}`,
        'Start `portwire gateway`, or name its broker with --mqtt and its topic with --base-topic.',
      )
    }
    if (state !== 'online') {
      throw runtimeError(`the gateway at ${where} is offline`, 'Start it again.')
    }
    const row = rows?.find((candidate) => candidate.name === name)
    if (!row) throw noSuchDevice(name, rows ?? [])
    const definition = (await hearRetained(connection, [topics.contract(name)], listeners)).get(topics.contract(name))
    return {
      name,
      topics,
      row,
      contract: contractIn(definition, topics.contract(name)),
      subscribe: (wanted) => connection.subscribe(wanted),
      publish: (publication) => connection.publish(publication),
      hear: (listener) => void listeners.push(listener),
      lost,
      close: () => connection.end(),
    }
  } catch (error) {
    await connection.end()
    throw error
  }
}

/** A payload as JSON, also one of msgpack; undefined for what is neither, as anybody may publish anything anywhere. */
export function jsonOf(payload: Buffer): unknown {
  if (isMsgpack(payload)) {
    const decoded = decodeMsgpack(payload)
    return 'value' in decoded ? resultToJson({ kind: 'any' }, decoded.value) : undefined
  }
  try {
    return JSON.parse(payload.toString('utf8'))
  } catch {
    return undefined
  }
}

/** The same where an object is expected. */
export function objectOf(payload: Buffer): Readonly<Record<string, unknown>> | undefined {
  const json = jsonOf(payload)
  return typeof json === 'object' && json !== null && !Array.isArray(json)
    ? (json as Record<string, unknown>)
    : undefined
}

async function connect(url: string, handlers: Parameters<typeof connectToBroker>[1]): Promise<Connection> {
  const settings = {
    url,
    version: 5 as const,
    clientId: `portwire-cli-${randomBytes(6).toString('hex')}`,
    keepaliveSeconds: LIMITS.keepaliveSeconds,
    clean: true,
    ...brokerCredentials(process.env),
  }
  try {
    return await connectToBroker(settings, handlers)
  } catch (error) {
    if (error instanceof ConnectError && error.kind === 'credentials') {
      throw runtimeError(
        error.message,
        'Set PORTWIRE_CONFIG_MQTT_USER and PORTWIRE_CONFIG_MQTT_PASSWORD in the environment.',
        error,
      )
    }
    if (error instanceof ConnectError && error.kind !== 'away') {
      throw runtimeError(error.message, 'Read its log, or name another broker with --mqtt.', error)
    }
    throw runtimeError(
      (error as Error).message,
      'Start `portwire gateway`, or name another broker with --mqtt; a path like /dev/ttyACM0 opens a board directly.',
      error,
    )
  }
}

function brokerUrl(text: string): string {
  const url = text.includes('://') ? text : `mqtt://${text}`
  if (isBrokerUrl(url)) return url
  // With an @ there is a password in it, which does not belong on a screen.
  if (text.includes('@')) {
    throw usageError(
      '--mqtt: expected mqtt://host:port; user and password go in PORTWIRE_CONFIG_MQTT_USER and PORTWIRE_CONFIG_MQTT_PASSWORD',
    )
  }
  throw usageError(`--mqtt: expected mqtt://host:port or mqtts://host:port, got "${shownName(text)}"`)
}

/** Subscribes, and waits until each topic has said what is retained there, or one has said `enough`. What does not come in time
 * is left out. */
async function hearRetained(
  connection: Connection,
  topics: readonly string[],
  listeners: ((inbound: Inbound) => void)[],
  enough: (inbound: Inbound) => boolean = () => false,
): Promise<ReadonlyMap<string, Buffer>> {
  const heard = new Map<string, Buffer>()
  await new Promise<void>((resolve, reject) => {
    const listener = (inbound: Inbound) => {
      if (!topics.includes(inbound.topic)) return
      heard.set(inbound.topic, inbound.payload)
      if (heard.size === topics.length || enough(inbound)) over()
    }
    const over = () => {
      clearTimeout(timer)
      listeners.splice(listeners.indexOf(listener), 1)
      resolve()
    }
    const timer = setTimeout(over, FIND_MS)
    listeners.push(listener)
    connection.subscribe(topics).catch((error: unknown) => {
      clearTimeout(timer)
      reject(error instanceof SubscriptionRefusedError ? notGranted(error) : error)
    })
  })
  return heard
}

function notGranted(refused: SubscriptionRefusedError): Error {
  return runtimeError(
    refused.message,
    'Use a user of the role operator, or reader to listen only; one of the role device publishes to its topics itself.',
    refused,
  )
}

function stateIn(payload: Buffer | undefined): unknown {
  return payload && objectOf(payload)?.['state']
}

/** A gateway that is offline may have left no list. */
function isOffline({ payload }: Inbound): boolean {
  return stateIn(payload) === 'offline'
}

function rowsIn(payload: Buffer | undefined, topics: Topics): readonly DeviceRow[] | undefined {
  if (payload === undefined) return undefined
  const rows = jsonOf(payload)
  const isRow = (row: unknown) => typeof (row as { name?: unknown } | null)?.name === 'string'
  if (Array.isArray(rows) && rows.every(isRow)) return rows as DeviceRow[]
  throw runtimeError(
    `what is retained on ${topics.bridgeDevices} is no list of devices`,
    'Look there for another program that publishes under the same base topic, then start the gateway again.',
  )
}

function contractIn(payload: Buffer | undefined, topic: string): Contract {
  const hint = 'Both ends must be of the same version of portwire; start the gateway again.'
  if (payload === undefined) throw runtimeError(`the gateway has left no contract on ${topic}`, hint)
  try {
    return defineContract(objectOf(payload) as unknown as ContractDefinition)
  } catch (error) {
    throw runtimeError(`what is retained on ${topic} is no contract: ${(error as Error).message}`, hint, error)
  }
}

function noSuchDevice(name: string, rows: readonly DeviceRow[]): Error {
  const names = rows.map((row) => row.name)
  const there = didYouMean(name, names) || `; there are: ${names.join(', ') || 'none'}`
  return runtimeError(
    `the gateway has no device named ${shownName(name)}${there}`,
    'Name one of its devices, or give a path like /dev/ttyACM0 to open a board directly.',
  )
}
