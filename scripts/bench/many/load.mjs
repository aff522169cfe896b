// One load of `many`: a gateway with so many spawned devices, called in turn at a total rate. Prints what its process took, as JSON.
// Arguments: URL of the broker, the program, devices, calls a second in all, seconds.

import { MQTT_DEFAULTS, startGateway } from '../../../dist/gateway/index.js'
import { createPort } from '../../../dist/index.js'
import { typedEcho } from '../ports/contract.mjs'

const TURN_MS = 10
const WARM_UP_SECONDS = 2
const [url, program, devices, callsPerSecond, seconds] = process.argv.slice(2)

console.log(JSON.stringify(await load()))

async function load() {
  const ports = []
  globalThis.gc()
  const before = process.memoryUsage().rss
  const gateway = await startGateway(
    {
      mqtt: { ...MQTT_DEFAULTS, server: { kind: 'external', url }, clientId: 'many', baseTopic: 'many' },
      devices: Array.from({ length: Number(devices) }, (_, n) => ({
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
  // What the engine has not compiled yet is slow for its own reasons.
  await at(ports, WARM_UP_SECONDS)
  const cpuBefore = process.cpuUsage()
  const startMs = performance.now()
  const failed = await at(ports, Number(seconds))
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
  for (let made = 0; made < callsPerSecond * seconds; ) {
    const due = ((performance.now() - startMs) / 1_000) * callsPerSecond
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
