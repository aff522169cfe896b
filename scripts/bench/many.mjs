// 64 and 256 spawned native devices behind one gateway, at the same total rate of calls: what the gateway's process takes of the
// processor, and of memory for each device. Part of `bridge`.

import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { startBroker } from '../soak/gateway-kill/setup.mjs'
import { median } from './bridge/plain.mjs'
import { buildPrograms } from './ports/build.mjs'

const FEW = 64
const MANY = 256
const REPEATS = 5
const CALLS_PER_SECOND = 2_000
const SECONDS = 4
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

/** In a process of its own: its memory is that of these devices alone, and none that others have left behind. */
async function load(broker, program, devices) {
  const child = fileURLToPath(new URL('./many/load.mjs', import.meta.url))
  const args = ['--expose-gc', child, broker.url, program, String(devices), String(CALLS_PER_SECOND), String(SECONDS)]
  const { stdout } = await promisify(execFile)(process.execPath, args)
  return JSON.parse(stdout)
}

const round = (figure) => Math.round(figure * 100) / 100
