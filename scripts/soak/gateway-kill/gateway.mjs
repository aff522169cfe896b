// A gateway whose one device is the parent process: events come as messages, and are answered when the device may forget them.

import { MQTT_DEFAULTS, OUTBOX_DEFAULTS, startGateway } from '../../../dist/gateway/index.js'
import { defineContract } from '../../../dist/index.js'

/** More than the devices here make: the quota of a device is not what is looked at. */
const NO_QUOTA = { eventsPerSecond: 100_000, burst: 100_000 }

const [url, dir, holdMs] = process.argv.slice(2)
const contract = defineContract({
  name: 'meter',
  version: '1',
  actions: { ping: { args: {}, result: 'u8' } },
  events: { reading: { fields: { n: 'u32' }, acknowledged: true } },
})
let consume
const port = {
  watch: () => () => {},
  on: () => () => {},
  consume(_name, consumer) {
    consume = consumer
    return () => {}
  },
  call: async () => 0,
  close: async () => ({ kind: 'closed' }),
  info: () => ({ link: 'parent', state: 'running', session: 1, restarts: 0 }),
}
const gateway = await startGateway(
  {
    mqtt: { ...MQTT_DEFAULTS, server: { kind: 'external', url }, reconnectMinMs: 50, reconnectMaxMs: 100 },
    outbox: { ...OUTBOX_DEFAULTS, dir, holdMs: Number(holdMs) },
    devices: [{ name: 'meter', target: { serial: 'parent' }, contract, retain: true, eventQuota: NO_QUOTA }],
    shown: {},
  },
  {
    openPort: () => port,
    log: (level, namespace, line) => level === 'error' && namespace !== 'portwire:outbox' && console.error(line),
  },
)
// In their order and without waiting for each other, as the lane of reliable events of a port hands them on.
process.on('message', ({ number, ask }) => {
  if (ask) return process.send({ outbox: gateway.outbox(), connected: gateway.mqtt().connected })
  consume({ n: number }, { epoch: 1, number, id: `meter:00000001:${number}` }).then(() =>
    process.send({ stored: number }),
  )
})
process.on('disconnect', () => process.exit(0))
process.send({ ready: true })
