// A disk of 1 MiB that is full (ENOSPC): a tmpfs in a mount namespace of the gateway alone, so that it goes with it. As root, or as
// anybody where the kernel lets users have namespaces. Where neither works files may be 1 MiB long (EFBIG), and the figures say so.

import { execFileSync, spawnSync } from 'node:child_process'
import { closeSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { sleep, startGatewayProcess } from '../gateway-kill/setup.mjs'
import { judgeAlarm, retainedAlarmMs } from './alarm.mjs'
import { createSerialDevice, within } from './device.mjs'
import { judgeResume } from './room-again.mjs'

const DISK_BYTES = 1024 * 1024
const SILENT_MS = 2_500
const EVENTS = 20
/** The last page of the log has room for some. */
const MOST_INTO_FULL = 500
const ACKNOWLEDGE_MS = 1_000

/** @returns what was wrong, one string a fault, and the figures */
export async function failBySpace({ broker, consumer }) {
  consumer.begin()
  const disk = join(broker.folder, 'small-disk')
  mkdirSync(disk)
  const under = mountUnder(disk)
  const gateway = await startGatewayProcess(broker.url, join(disk, 'outbox'), 0, under ?? [])
  const device = createSerialDevice()
  device.attach(gateway)
  const problems = []
  for (let n = 0; n < EVENTS; n++) await device.send()

  const { fill, free } = under
    ? fillOf(`/proc/${gateway.pid}/root${disk}/filler`)
    : { fill: () => limitFiles(gateway, '0:'), free: () => limitFiles(gateway, `${DISK_BYTES}:`) }
  if (!under) free()
  const filledBytes = fill() ?? 0
  // What there is room for still is acknowledged; the first that is not is the one that failed.
  let faultMs = Date.now()
  let sent = device.send()
  while (device.made < MOST_INTO_FULL && (await within(ACKNOWLEDGE_MS / 4, sent))) {
    faultMs = Date.now()
    sent = device.send()
  }
  const late = await retainedAlarmMs(broker.url, faultMs)
  const alarm = judgeAlarm(consumer.alarms, faultMs, late)
  problems.push(...alarm.problems)
  const said = consumer.alarms.at(-1)?.problem
  if (!(under ? /no space left/i : /file too large/i).test(said ?? '')) problems.push(`the alarm says ${said}`)
  const before = device.acknowledgedAtMs.size
  const more = device.send()
  await sleep(SILENT_MS)
  if (device.acknowledgedAtMs.size > before) problems.push('an event was acknowledged')
  if (gateway.exitCode !== null || gateway.signalCode !== null) problems.push('the gateway is gone')
  if (consumer.alarms.at(-1)?.state !== 'unavailable') problems.push('it opened the outbox on a full disk')

  const resumed = await judgeResume({
    makeRoom: free,
    waiting: [sent, more],
    more: EVENTS,
    device,
    consumer,
    gateway,
  })
  problems.push(...resumed.problems)
  return {
    isTmpfs: under !== undefined,
    problems: problems.map((problem) => `${under ? 'ENOSPC' : 'EFBIG in place of ENOSPC'}: ${problem}`),
    figures: {
      disk: under ? 'tmpfs of 1 MiB' : 'no tmpfs could be mounted here: ENOSPC was not tried, a limit on files was',
      filledBytes,
      events: device.made,
      alarmMs: alarm.alarmMs,
      retainedMs: late ?? -1,
      resumedMs: resumed.resumedMs,
      lost: resumed.lost,
    },
  }
}

/** What starts a program with a tmpfs of its own; undefined where none can be mounted. */
function mountUnder(folder) {
  const mount = ['sh', '-c', `mount -t tmpfs -o size=${DISK_BYTES} none "$0" && exec "$@"`, folder]
  const ways = [
    ['unshare', '--mount', '--map-root-user', ...mount],
    ['unshare', '--mount', ...mount],
  ]
  return ways.find(([program, ...args]) => spawnSync(program, [...args, 'true'], { stdio: 'ignore' }).status === 0)
}

/** A file that takes all the room there is. */
function fillOf(path) {
  return {
    fill() {
      const file = openSync(path, 'w')
      let bytes = 0
      try {
        for (const page = Buffer.alloc(4_096, 1); ; ) bytes += writeSync(file, page)
      } catch (error) {
        if (error.code !== 'ENOSPC') throw error
        return bytes
      } finally {
        closeSync(file)
      }
    },
    free: () => rmSync(path),
  }
}

function limitFiles(gateway, limit) {
  execFileSync('prlimit', ['--pid', String(gateway.pid), `--fsize=${limit}`])
}
