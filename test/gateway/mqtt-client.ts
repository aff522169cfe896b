/** A subscriber and publisher for tests: plain mqtt.js, which remembers every message. */

import { connectAsync, type IClientOptions, type IPublishPacket, type MqttClient } from 'mqtt'
import { createChanges } from './changes.js'

export interface Message {
  readonly topic: string
  readonly text: string
  readonly json: Record<string, unknown>
  readonly retain: boolean
  readonly packet: IPublishPacket
}

export interface TestClient {
  readonly messages: Message[]
  /** The first message from index `from` on that fits, waiting for it up to the deadline. */
  next(topic: string, fits?: (message: Message) => boolean, from?: number): Promise<Message>
  /** Resolves when so many messages that fit have come. */
  heard(count: number, fits?: (message: Message) => boolean): Promise<void>
  publish(topic: string, payload: unknown, options?: Parameters<MqttClient['publishAsync']>[2]): Promise<void>
  subscribe(topic: string): Promise<void>
  /** How many of the subscriptions the broker has granted. */
  grants(topics: readonly string[]): Promise<number>
  unsubscribe(topic: string): Promise<void>
  /** Resolves when the connection is over. */
  readonly closed: Promise<void>
  /** Bytes that are no packet. */
  sendRaw(bytes: Buffer): void
  end(): Promise<void>
}

const DEADLINE_MS = 8_000

export async function connectClient(
  url: string,
  topics: readonly string[] = ['#'],
  options: IClientOptions = {},
): Promise<TestClient> {
  const client = await connectAsync(url, { protocolVersion: 4, ...options })
  const messages: Message[] = []
  const changes = createChanges()
  const there = () => messages.map((m) => `${m.topic} ${m.text.slice(0, 80)}`).join(' | ')
  client.on('message', (topic, payload, packet) => {
    const text = payload.toString()
    messages.push({ topic, text, json: parsed(text), retain: packet.retain, packet })
    changes.changed()
  })
  client.on('error', () => {})
  const closed = new Promise<void>((resolve) => client.once('close', () => resolve()))
  for (const topic of topics) await client.subscribeAsync(topic, { qos: 1 })
  return {
    messages,
    async next(topic, fits = () => true, from = 0) {
      const find = () => messages.slice(from).find((message) => message.topic === topic && fits(message))
      await changes.until(
        () => find() !== undefined,
        DEADLINE_MS,
        () => `a message on ${topic}; there were: ${there()}`,
      )
      return find()!
    },
    heard: (count, fits = () => true) =>
      changes.until(
        () => messages.filter(fits).length >= count,
        DEADLINE_MS,
        () => `${count} messages; there were: ${there()}`,
      ),
    async publish(topic, payload, publishOptions) {
      const raw = typeof payload === 'string' || Buffer.isBuffer(payload) ? payload : JSON.stringify(payload)
      await client.publishAsync(topic, raw, { qos: 1, ...publishOptions })
    },
    async subscribe(topic) {
      await client.subscribeAsync(topic, { qos: 1 })
    },
    grants: (wanted) =>
      new Promise((resolve) => {
        client.subscribe([...wanted], (_error, granted = [], packet) => {
          const codes = (packet?.granted ?? granted.map(({ qos }) => qos)) as readonly number[]
          resolve(codes.filter((code) => code < 0x80).length)
        })
      }),
    async unsubscribe(topic) {
      await client.unsubscribeAsync(topic)
    },
    closed,
    sendRaw: (bytes) => void client.stream.write(bytes),
    async end() {
      await client.endAsync(true)
    },
  }
}

function parsed(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text) as Record<string, unknown>
  } catch {
    return {}
  }
}
