// The n-th fdatasync of the gateway's one worker thread fails with EIO (strace): what was in that batch is not acknowledged before
// another sync has succeeded. When all fail from there on, nothing more is.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { endGatewayProcess, sleep, startGatewayProcess } from '../gateway-kill/setup.mjs'
import { judgeAlarm, retainedAlarmMs } from './alarm.mjs'
import { createSerialDevice, within } from './device.mjs'

/** Events after the fault. */
const MORE = 5
const ACKNOWLEDGE_MS = 15_000
const SILENT_MS = 2_500

/** The alarm is heard within a second, and whoever subscribes then finds it retained.
 * @param when  of strace: `7` is the seventh sync, `7+` each from there on
 * @returns what was wrong, one string a fault */
export async function failSync({ broker, consumer, when }) {
  consumer.begin()
  const name = when.replace('+', '-and-on')
  const traceFile = join(broker.folder, `trace-${name}`)
  const dir = join(broker.folder, `outbox-${name}`)
  const inject = `inject=fdatasync:error=EIO:when=${when}`
  const under = ['strace', '-f', '-qq', '--seccomp-bpf', '-ttt', '-e', 'trace=fdatasync', '-e', inject, '-o', traceFile]
  // One thread: strace counts the calls of each by itself.
  const gateway = await startGatewayProcess(broker.url, dir, 0, under, { UV_THREADPOOL_SIZE: '1' })
  const device = createSerialDevice()
  device.attach(gateway)
  const isForGood = when.endsWith('+')
  const syncs = Number.parseInt(when, 10)
  const problems = []
  const faults = () => syncsIn(traceFile).filter(({ isInjected }) => isInjected)
  let last
  let late
  // At once: where one sync has failed the outbox is open again after a second.
  const look = async () => {
    const [fault] = faults()
    if (fault) late = await retainedAlarmMs(broker.url, fault.atMs)
  }
  await look()
  while (faults().length === 0 && device.made < syncs + MORE) {
    last = device.send()
    let isStored
    const storing = within(isForGood ? SILENT_MS : ACKNOWLEDGE_MS, last).then((is) => {
      isStored = is
    })
    while (isStored === undefined && faults().length === 0) await sleep(2)
    await look()
    await storing
    if (!isStored) break
  }
  if (!isForGood) for (let more = 0; more < MORE; more++) await within(ACKNOWLEDGE_MS, device.send())
  const isAlive = gateway.exitCode === null && gateway.signalCode === null
  if (!isAlive) problems.push('the gateway is gone')
  const [fault] = faults()
  if (!fault) problems.push('no sync failed: nothing was tried')
  const { alarmMs, problems: unheard } = judgeAlarm(consumer.alarms, fault?.atMs ?? 0, late)
  problems.push(...unheard)
  const early = acknowledgedUnsynced(syncsIn(traceFile), device.acknowledgedAtMs)
  if (early.length > 0)
    problems.push(`events ${early} were acknowledged although no sync had succeeded since the fault`)
  if (!isForGood && device.acknowledgedAtMs.size < device.made) problems.push('an event was never acknowledged')
  if (isForGood && device.acknowledgedAtMs.size >= device.made) problems.push('all were acknowledged')
  await endGatewayProcess(gateway)

  // After a kill everything is sent again that was not acknowledged; whatever was, is there.
  const restarted = await startGatewayProcess(broker.url, dir)
  const before = new Set(device.acknowledgedAtMs.keys())
  device.attach(restarted)
  for (let number = 0; number < device.made; number++) if (!before.has(number)) await within(5_000, device.send(number))
  for (let waitedMs = 0; waitedMs < 5_000 && consumer.seen().size < device.made; waitedMs += 20) await sleep(20)
  const lost = Array.from({ length: device.made }, (_, number) => number).filter(
    (number) => !consumer.seen().has(number),
  )
  if (lost.some((number) => before.has(number))) problems.push(`acknowledged events ${lost} are lost`)
  else if (lost.length > 0) problems.push(`events ${lost} never came`)
  if (consumer.foreign() > 0) problems.push('an event came with another id')
  await endGatewayProcess(restarted)
  return {
    problems: problems.map((problem) => `sync ${when}: ${problem}`),
    events: device.made,
    faults: faults().length,
    alarmMs,
    retainedMs: late ?? -1,
  }
}

/** Events acknowledged after a fault and before a sync that succeeded. */
function acknowledgedUnsynced(syncs, acknowledgedAtMs) {
  const early = []
  for (const [index, fault] of syncs.entries()) {
    if (!fault.isInjected) continue
    const goodAtMs = syncs.slice(index).find(({ isGood }) => isGood)?.atMs ?? Number.POSITIVE_INFINITY
    for (const [number, atMs] of acknowledgedAtMs)
      if (atMs > fault.atMs && atMs < Math.floor(goodAtMs)) early.push(number)
  }
  return early
}

function syncsIn(traceFile) {
  return readFileSync(traceFile, 'utf8')
    .split('\n')
    .filter((line) => line.includes('fdatasync') && line.includes('='))
    .map((line) => ({
      atMs: Number(line.trim().split(/\s+/)[1]) * 1_000,
      isInjected: line.includes('INJECTED'),
      isGood: / = 0$/.test(line.trim()),
    }))
}
