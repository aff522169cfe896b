/** A device behind a gateway, reached over MQTT. */

import { randomBytes } from 'node:crypto'
import type { Contract, ContractDefinition } from '../contract/index.js'
import { defineContract } from '../contract/index.js'
import {
  brokerCredentials,
  type Connection,
  connectToBroker,
  createTopics,
  type DeviceRow,
  didYouMean,
  type Inbound,
  LIMITS,
  type Publication,
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
 * @throws Error  no broker, no gateway that runs, or no such device: the message says what to do */
export async function findDevice(name: string, options: GatewayOptions): Promise<RemoteDevice> {
  const url = brokerUrl(options.url)
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
    const { state, rows } = await gatewaySays(connection, topics, listeners)
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
    return {
      name,
      topics,
      row,
      contract: defineContract(row.definition as ContractDefinition),
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

/** A payload as JSON; undefined for what is none, as anybody may publish anything anywhere. */
export function jsonOf(payload: Buffer): unknown {
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
    throw runtimeError(
      (error as Error).message,
      'Start `portwire gateway`, or name another broker with --mqtt; a path like /dev/ttyACM0 opens a board directly.',
      error,
    )
  }
}

function brokerUrl(text: string): string {
  const url = /^mqtts?:\/\//.test(text) ? text : `mqtt://${text}`
  if (!URL.canParse(url)) throw usageError(`--mqtt: expected mqtt://host:port, got "${text}"`)
  return url
}

/** Waits for the two retained messages that say what is there; undefined for one that does not come. */
async function gatewaySays(
  connection: Connection,
  topics: Topics,
  listeners: ((inbound: Inbound) => void)[],
): Promise<{ state: string | undefined; rows: DeviceRow[] | undefined }> {
  let state: string | undefined
  let rows: DeviceRow[] | undefined
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(resolve, FIND_MS)
    const listener = ({ topic, payload }: Inbound) => {
      if (topic === topics.bridgeState) state = (jsonOf(payload) as { state?: string } | undefined)?.state
      if (topic === topics.bridgeDevices) rows = jsonOf(payload) as DeviceRow[] | undefined
      if ((state !== undefined && rows !== undefined) || state === 'offline') {
        clearTimeout(timer)
        listeners.splice(listeners.indexOf(listener), 1)
        resolve()
      }
    }
    listeners.push(listener)
    connection.subscribe([topics.bridgeState, topics.bridgeDevices]).catch((error: unknown) => {
      clearTimeout(timer)
      reject(error)
    })
  })
  return { state, rows }
}

function noSuchDevice(name: string, rows: readonly DeviceRow[]): Error {
  const names = rows.map((row) => row.name)
  const there = didYouMean(name, names) || `; there are: ${names.join(', ') || 'none'}`
  return runtimeError(
    `the gateway has no device named ${name}${there}`,
    'Name one of its devices, or give a path like /dev/ttyACM0 to open a board directly.',
  )
}
