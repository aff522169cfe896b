// What the broker hands on: events of the run that is under way, and what the outbox says of itself.

import mqtt from 'mqtt'

export async function startWitness(url) {
  let seen = new Map()
  let foreign = 0
  const alarms = []
  const client = await mqtt.connectAsync(url, { protocolVersion: 5 })
  client.on('message', (topic, payload, { retain }) => {
    const said = JSON.parse(payload)
    if (topic.endsWith('/outbox')) return void alarms.push({ ...said, retain, atMs: Date.now() })
    if (said.id !== `meter:00000001:${said.n}`) foreign += 1
    seen.set(said.n, (seen.get(said.n) ?? 0) + 1)
  })
  // rap, retain as published: whether it is retained is told to those too who hear it at once.
  await client.subscribeAsync(['portwire/meter/event/+', 'portwire/bridge/outbox'], { qos: 1, rap: true })
  return {
    /** Another outbox, whose events are numbered from 0 again. */
    begin() {
      seen = new Map()
      foreign = 0
      alarms.length = 0
    },
    seen: () => seen,
    foreign: () => foreign,
    alarms,
    end: () => client.endAsync(true),
  }
}
