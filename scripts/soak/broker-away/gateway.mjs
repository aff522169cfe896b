// A gateway with devices that make reliable events as fast as they are acknowledged, when the parent asks for so many.

import { readFileSync } from 'node:fs'
import { MQTT_DEFAULTS, OUTBOX_DEFAULTS, startGateway } from '../../../dist/gateway/index.js'
import { defineContract } from '../../../dist/index.js'

const [url, dir, maxBytes, deviceCount] = process.argv.slice(2)
/** Events of one device that are not acknowledged: the widest window there is. */
const WINDOW = 64
const SAMPLE_MS = 50
/** More than the devices here make: the quota of a device is not what is looked at. */
const NO_QUOTA = { eventsPerSecond: 100_000, burst: 100_000 }

const contract = defineContract({
  name: 'meter',
  version: '1',
  actions: { ping: { args: {}, result: 'u8' } },
  events: { reading: { fields: { n: 'u32' }, acknowledged: true } },
})
const consumers = new Map()
const names = Array.from({ length: Number(deviceCount) }, (_, n) => `meter${n}`)
const portOf = (name) => ({
  watch: () => () => {},
  on: () => () => {},
  consume(_event, consumer) {
    consumers.set(name, consumer)
    return () => {}
  },
  call: async () => 0,
  close: async () => ({ kind: 'closed' }),
  info: () => ({ link: name, state: 'running', session: 1, restarts: 0 }),
})
const gateway = await startGateway(
  {
    mqtt: { ...MQTT_DEFAULTS, server: { kind: 'external', url }, reconnectMinMs: 50, reconnectMaxMs: 100 },
    outbox: { ...OUTBOX_DEFAULTS, dir, maxBytes: Number(maxBytes) },
    devices: names.map((name) => ({ name, target: { serial: name }, contract, retain: false, eventQuota: NO_QUOTA })),
    shown: {},
  },
  { openPort: ({ name }) => portOf(name) },
)

/** Resident memory: all of it; what is the process's own; and that of files, which the kernel may take back at any time, as it does
 * with the tables that LevelDB maps. Each by the most since the last `make`, in bytes. */
const FIELDS = { rss: 'VmRSS', own: 'RssAnon', files: 'RssFile' }
let most = {}
function sample() {
  const status = readFileSync('/proc/self/status', 'latin1')
  for (const [name, field] of Object.entries(FIELDS)) {
    const bytes = 1024 * Number(new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(status)[1])
    most[name] = Math.max(most[name] ?? 0, bytes)
  }
}
setInterval(sample, SAMPLE_MS)
const made = new Map(names.map((name) => [name, 0]))

/** @param eventsPerSecond  left out: as fast as they are acknowledged */
async function make(events, eventsPerSecond = Number.POSITIVE_INFINITY) {
  const perDevice = Math.ceil(events / names.length)
  const startMs = performance.now()
  let begun = 0
  const workers = names.flatMap((name) => {
    let left = perDevice
    const worker = async () => {
      while (left > 0) {
        left -= 1
        await until(startMs + (begun++ / eventsPerSecond) * 1_000)
        // Only now: those of one device have to come in the order of their numbers, and timers do not keep it.
        const number = made.get(name)
        made.set(name, number + 1)
        await consumers.get(name)({ n: number }, { epoch: 1, number, id: `${name}:00000001:${number}` })
      }
    }
    return Array.from({ length: WINDOW }, worker)
  })
  await Promise.all(workers)
  const perSecond = Math.round((perDevice * names.length) / ((performance.now() - startMs) / 1_000))
  process.send({ made: perDevice * names.length, perSecond })
}

async function until(dueMs) {
  const waitMs = dueMs - performance.now()
  if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs))
}

process.on('message', ({ make: events, eventsPerSecond, ask }) => {
  if (events) {
    most = {}
    sample()
    void make(events, eventsPerSecond)
  }
  if (ask) process.send({ outbox: gateway.outbox(), most })
})
process.on('disconnect', () => process.exit(0))
process.send({ ready: true })
