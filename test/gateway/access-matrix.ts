/** Who may do what, written by hand, and how a broker is asked: each decision is what has really come through. */

import type { IClientOptions } from 'mqtt'
import type { Role } from '../../src/gateway/broker/access.js'
import { connectClient, type TestClient } from './mqtt-client.js'

export const ROLES: Readonly<Record<string, Role>> = {
  anonymous: { kind: 'anonymous' },
  deviceGreenhouse: { kind: 'device', devices: ['greenhouse'] },
  deviceFence: { kind: 'device', devices: ['fence'] },
  reader: { kind: 'reader' },
  operator: { kind: 'operator' },
  gateway: { kind: 'gateway' },
}

/** Topic, then r and w in the order of the roles above. */
export const TABLE: readonly (readonly [string, ...string[]])[] = [
  //                                     anonymous, greenhouse, fence, reader, operator, gateway
  ['portwire/bridge/state', 'r', 'r', 'r', 'r', 'r', 'rw'],
  ['portwire/bridge/info', '', '', '', 'r', 'r', 'rw'],
  ['portwire/bridge/logging', '', '', '', 'r', 'r', 'rw'],
  ['portwire/bridge/request/device/restart', '', '', '', '', 'w', 'rw'],
  ['portwire/bridge/response/device/restart', '', '', '', 'r', 'r', 'rw'],
  ['portwire/greenhouse', '', 'r', '', 'r', 'r', 'rw'],
  ['portwire/greenhouse/event/reading', '', 'r', '', 'r', 'r', 'rw'],
  ['portwire/greenhouse/availability', 'r', 'r', '', 'r', 'r', 'rw'],
  ['portwire/greenhouse/contract', '', 'r', '', 'r', 'r', 'rw'],
  ['portwire/greenhouse/log', '', 'r', '', 'r', 'r', 'rw'],
  ['portwire/greenhouse/response', '', 'r', '', 'r', 'r', 'rw'],
  ['portwire/greenhouse/call/setVent', '', 'w', '', '', 'w', 'rw'],
  ['portwire/greenhouse/set', '', 'w', '', '', 'w', 'rw'],
  ['portwire/greenhouse/secret/deep', '', '', '', '', '', 'rw'],
  ['portwire/fence/event/touched', '', '', 'r', 'r', 'r', 'rw'],
  ['portwire/fence/call/arm', '', '', 'w', '', 'w', 'rw'],
  ['portwire/greenhouse2/call/setVent', '', '', '', '', 'w', 'rw'],
  ['homeassistant/status', '', '', '', '', 'rw', 'rw'],
  ['homeassistant/device/portwire_1/config', '', '', '', '', 'r', 'rw'],
  ['other/portwire/greenhouse', '', '', '', '', '', ''],
]

export const WAYS = ['pub', 'sub', 'sub with wildcard', 'retained', 'will'] as const
type Way = (typeof WAYS)[number]

const topics = TABLE.map(([topic]) => topic)

/** `role way topic` of everything that is allowed. */
export function expected(): string[] {
  return TABLE.flatMap(([topic, ...rights]) =>
    Object.keys(ROLES).flatMap((role, at) =>
      WAYS.filter((way) => rights[at]!.includes(way === 'pub' || way === 'will' ? 'w' : 'r')).map((way) =>
        line(role, way, topic),
      ),
    ),
  ).sort()
}

const line = (role: string, way: Way, topic: string) => `${role} ${way} ${topic}`

/** Asks everything of a broker. @param observer  login of one who may read and write every topic */
export async function measure(
  url: string,
  observer: IClientOptions,
  login: (role: string) => IClientOptions,
): Promise<{ readonly allowed: string[]; readonly decisions: number }> {
  const all = await connectClient(url, ['#'], observer)
  const allowed: string[] = []
  let decisions = 0
  const note = (role: string, way: Way, seen: (topic: string) => boolean) => {
    for (const topic of topics) {
      decisions += 1
      if (seen(topic)) allowed.push(line(role, way, topic))
    }
  }
  let round = 0
  /** When it resolves, the broker has dealt with all that it had been given before. */
  const settle = async () => {
    round += 1
    await all.publish('settle', { round })
    await all.next('settle', ({ json }) => json['round'] === round)
  }
  /** The same for what was on its way to one client: answers to its own subscriptions come behind. */
  const drained = async (client: TestClient) => {
    await settle()
    for (let turn = 0; turn < 3; turn++) await client.subscribe('portwire/bridge/state')
  }
  const say = async (text: string, options = {}) => {
    for (const topic of topics) await all.publish(topic, text, options)
  }

  for (const role of Object.keys(ROLES)) {
    const connect = (filters: readonly string[], more: IClientOptions = {}) =>
      connectClient(url, filters, { reconnectPeriod: 0, ...login(role), ...more })

    for (const [way, filters] of [
      ['sub', topics],
      ['sub with wildcard', ['#', '+/+/#', '$share/x/#']],
    ] as const) {
      const client = await connect([])
      for (const filter of filters) await client.subscribe(filter).catch(() => {})
      const word = `${role} ${way}`
      await say(word)
      await drained(client)
      note(role, way, (topic) => client.messages.some((message) => message.topic === topic && message.text === word))
      await client.end()
    }

    await say('kept', { retain: true })
    const late = await connect([])
    for (const filter of [...topics, '#']) await late.subscribe(filter).catch(() => {})
    await drained(late)
    note(role, 'retained', (topic) => late.messages.some((message) => message.topic === topic && message.retain))
    await late.end()
    await say('', { retain: true })

    const heard = (topic: string, text: string) => all.messages.some((m) => m.topic === topic && m.text === text)
    for (const [at, topic] of topics.entries()) {
      const client = await connect([])
      // A broker may answer, or end the connection of one who was refused.
      await Promise.race([client.publish(topic, `pub ${role} ${at}`).catch(() => {}), client.closed])
      await client.end()
    }
    await settle()
    note(role, 'pub', (topic) => heard(topic, `pub ${role} ${topics.indexOf(topic)}`))

    for (const [at, topic] of topics.entries()) {
      const will = { topic, payload: Buffer.from(`will ${role} ${at}`), qos: 1, retain: false } as const
      const client = await connect([], { will }).catch(() => undefined)
      if (!client) continue
      // No packet of MQTT has this type: the broker ends the connection, without the client having said DISCONNECT.
      client.sendRaw(Buffer.from([0xf0, 0x00]))
      await client.closed
    }
    await settle()
    note(role, 'will', (topic) => heard(topic, `will ${role} ${topics.indexOf(topic)}`))
  }
  await all.end()
  return { allowed: allowed.sort(), decisions }
}
