// Limits of the operating system on the running gateway (prlimit): no file may grow, then none may be opened.

import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { sleep, startGatewayProcess } from '../gateway-kill/setup.mjs'
import { judgeAlarm, retainedAlarmMs } from './alarm.mjs'
import { createSerialDevice } from './device.mjs'
import { judgeResume } from './room-again.mjs'

const SILENT_MS = 2_500
const EVENTS = 20

/** @returns what was wrong, one string a fault, and the figures */
export async function failByLimits({ broker, consumer }) {
  consumer.begin()
  const gateway = await startGatewayProcess(broker.url, join(broker.folder, 'outbox-limits'))
  const limit = (what) => execFileSync('prlimit', ['--pid', String(gateway.pid), `--${what}`])
  const device = createSerialDevice()
  device.attach(gateway)
  const problems = []
  const sent = []
  for (let n = 0; n < EVENTS; n++) await device.send()

  const refuses = async (what) => {
    const before = device.acknowledgedAtMs.size
    sent.push(device.send())
    await sleep(SILENT_MS)
    if (device.acknowledgedAtMs.size > before) problems.push(`${what}: an event was acknowledged`)
    if (gateway.exitCode !== null || gateway.signalCode !== null) problems.push(`${what}: the gateway is gone`)
  }
  limit('fsize=0:')
  const fullAtMs = Date.now()
  const [late] = await Promise.all([retainedAlarmMs(broker.url, fullAtMs), refuses('EFBIG')])
  const alarm = judgeAlarm(consumer.alarms, fullAtMs, late)
  problems.push(...alarm.problems.map((problem) => `EFBIG: ${problem}`))

  limit('nofile=3:')
  limit('fsize=unlimited:')
  await refuses('EMFILE')
  if (!consumer.alarms.some(({ problem }) => /too many open files|EMFILE/i.test(problem ?? '')))
    problems.push('EMFILE: the alarm does not say so')

  const { resumedMs, lost, ...resumed } = await judgeResume({
    makeRoom: () => limit('nofile=1024:'),
    waiting: sent,
    more: EVENTS,
    device,
    consumer,
    gateway,
  })
  problems.push(...resumed.problems)
  return { problems, figures: { events: device.made, alarmMs: alarm.alarmMs, retainedMs: late ?? -1, resumedMs, lost } }
}
