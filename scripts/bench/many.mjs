// 64 and 256 spawned native devices behind one gateway, at the same total rate of calls: what the gateway's process takes of the
// processor, and of memory for each device.

import { MQTT_DEFAULTS, startGateway } from '../../dist/gateway/index.js'
import { createPort } from '../../dist/index.js'
import { startBroker } from '../soak/gateway-kill/setup.mjs'
import { median } from './bridge/plain.mjs'
import { buildPrograms } from './ports/build.mjs'
import { typedEcho } from './ports/contract.mjs'

const FEW = 64
const MANY = 256
const REPEATS = 5
const CALLS_PER_SECOND = 2_000
const SECONDS = 4
const TURN_MS = 10
const MAX_MB_PER_DEVICE = 1
/** Four times the devices, the same messages: heartbeats aside the cost is that of the messages. */
const MAX_RATIO = 1.5

export async function* run() {
  const { echoPortwire } = buildPrograms()
  const broker = await startBroker()
  const cpu = new Map([
    [FEW, []],
    [MANY, []],
  ])
  const rss = new Map([
    [FEW, []],
    [MANY, []],
  ])
  let failed = 0
  try {
    // Of the first, Node's own warm-up is no part.
    await load(broker, echoPortwire, FEW)
    for (let repeat = 0; repeat < REPEATS; repeat++) {
      for (const devices of [FEW, MANY]) {
        const taken = await load(broker, echoPortwire, devices)
        cpu.get(devices).push(taken.cpuPart)
        rss.get(devices).push(taken.growthMb / devices)
        failed += taken.failed
      }
    }
  } finally {
    await broker.remove()
  }
  for (const devices of [FEW, MANY]) {
    yield {
      figure: `${devices} spawned native devices, ${CALLS_PER_SECOND} calls/s in all, of one processor`,
      repeats: REPEATS,
      cpu_percent: round(100 * median(cpu.get(devices))),
      rss_mb_per_device: round(Math.max(...rss.get(devices))),
      target_mb: MAX_MB_PER_DEVICE,
      failed,
      met: Math.max(...rss.get(devices)) <= MAX_MB_PER_DEVICE && failed === 0,
    }
  }
  const ratio = median(cpu.get(MANY).map((part, at) => part / cpu.get(FEW)[at]))
  yield {
    figure: `processor time of ${MANY} over ${FEW} devices, same calls`,
    ratio: round(ratio),
    target: MAX_RATIO,
    met: ratio <= MAX_RATIO,
  }
}

async function load(broker, program, devices) {
  const ports = []
  globalThis.gc?.()
  const before = process.memoryUsage().rss
  const gateway = await startGateway(
    {
      mqtt: { ...MQTT_DEFAULTS, server: { kind: 'external', url: broker.url }, clientId: 'many', baseTopic: 'many' },
      devices: Array.from({ length: devices }, (_, n) => ({
        name: `echo${n}`,
        target: { spawn: program },
        contract: typedEcho,
        retain: false,
      })),
      shown: {},
    },
    {
      openPort: ({ name }) => {
        const port = createPort(typedEcho, { spawn: program, name })
        ports.push(port)
        return port
      },
    },
  )
  await Promise.all([gateway.connected, ...ports.map((port) => port.ready())])
  await at(ports, 1)
  const cpuBefore = process.cpuUsage()
  const startMs = performance.now()
  const failed = await at(ports, SECONDS)
  const { user, system } = process.cpuUsage(cpuBefore)
  const cpuPart = (user + system) / 1_000 / (performance.now() - startMs)
  const growthMb = (process.memoryUsage().rss - before) / 1024 / 1024
  await gateway.close()
  return { cpuPart, growthMb, failed }
}

/** Calls the devices in turn at the total rate, and waits for all answers. @returns calls that failed */
async function at(ports, seconds) {
  const startMs = performance.now()
  // No list of answers: what it keeps alive would be a cost of the benchmark, and not of the gateway.
  let waiting = 0
  let failed = 0
  for (let made = 0; made < CALLS_PER_SECOND * seconds; ) {
    const due = ((performance.now() - startMs) / 1_000) * CALLS_PER_SECOND
    for (; made < due; made++) {
      const args = { id: made, name: 'vent', on: true }
      waiting += 1
      ports[made % ports.length]
        .call('echo', args)
        .catch(() => {
          failed += 1
        })
        .finally(() => {
          waiting -= 1
        })
    }
    await new Promise((resolve) => setTimeout(resolve, TURN_MS))
  }
  while (waiting > 0) await new Promise((resolve) => setTimeout(resolve, 1))
  return failed
}

const round = (figure) => Math.round(figure * 100) / 100
