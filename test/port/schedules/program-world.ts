/** Spawned programs in real time: the native firmware, and programs that start by halves or not at all. */

import { existsSync } from 'node:fs'
import { systemClock } from '../../../src/clock.js'
import { type SpawnOptions, spawnConnector } from '../../../src/link/index.js'
import { countingClock, countingConnector } from './counting.js'
import type { Ledger } from './ledger.js'
import { added, heldAfter, MARK, pass, processesOf, resources, settlesInTime, zombies } from './machine.js'
import type { Schedule } from './plan.js'
import type { WorldKind } from './world.js'

export const FIRMWARE = 'build/firmware/native/greenhouse'
/** Descriptors, timers and processes go a few turns after the end, on a busy machine somewhat later. */
export const GONE_MS = 5_000

const sh = (script: string): SpawnOptions => ({ program: 'sh', args: ['-c', script, 'sh', FIRMWARE] })

const PEERS: Readonly<Record<string, SpawnOptions>> = {
  'the firmware': { program: FIRMWARE },
  'the firmware, which boots for a while': { program: FIRMWARE, args: ['--boot-ms', '50'] },
  'the firmware beside a child that holds the pipes': sh('sleep 60 & exec "$1"'),
  'the firmware in a shell that prints on stderr': sh('echo starting >&2; "$1"; echo over >&2'),
  'the firmware, which dies after a while': sh('"$1" <&0 & sleep 0.05; kill -9 $!'),
  'a program that exits at once': sh('exit 0'),
  'a program that fails at once': sh('echo broken >&2; exit 3'),
  'a program that never says hello': { program: 'sleep', args: ['60'] },
  'a program that says half a hello': sh("printf '\\000\\050\\361half'; sleep 60"),
  'a program that says half a hello and leaves': sh("printf '\\000\\050\\361half'"),
  'a program that prints first': sh('echo ready; "$1"'),
  'a program that does not read': sh('exec 0<&-; sleep 60'),
  'a program that ignores what it is told': sh('trap "" TERM; while :; do sleep 1; done'),
  'a program that is missing': { program: './no-such-program' },
}

export interface ProgramFaults {
  /** Does something wrong when the world is made, to show that it is found. */
  make?(environment: Record<string, string>): void
  readonly goneMs?: number
}

export function programWorlds(faults: ProgramFaults = {}): WorldKind {
  if (!existsSync(FIRMWARE)) throw new Error(`there is no ${FIRMWARE}: run \`npm run build:firmware\``)
  return {
    peers: Object.keys(PEERS),
    isVirtual: false,
    async make(schedule, ledger) {
      const world = makeWorld(schedule, ledger, faults.goneMs ?? GONE_MS)
      faults.make?.(world.environment)
      return world
    },
  }
}

let worlds = 0

function makeWorld(schedule: Schedule, ledger: () => Ledger, goneMs: number) {
  worlds += 1
  const environment = { [MARK]: `${process.pid}.${worlds}` }
  const clock = countingClock(systemClock)
  const before = resources()
  const options = { ...Object.values(PEERS)[schedule.peer]!, env: environment, clock }
  const counted = countingConnector(spawnConnector(options), (text) => ledger().problem(text))
  const signal = (name: NodeJS.Signals) => {
    const pid = counted.opened.at(-1)?.info?.()['pid'] as number | undefined
    if (pid === undefined || !existsSync(`/proc/${pid}`)) return
    try {
      process.kill(pid, name)
    } catch {
      // gone meanwhile
    }
  }
  const held = () => [
    ...clock.held(),
    ...counted.held(),
    ...processesOf(environment[MARK]!).map((name) => `the process ${name}`),
    ...zombies().map((name) => `the zombie ${name}`),
    ...added(before, resources()),
  ]
  return {
    environment,
    clock,
    connector: counted.connector,
    readyTimeoutMs: 400,
    executions: undefined,
    pass,
    settles: settlesInTime,
    unplug: () => signal('SIGKILL'),
    replug() {},
    reset: (n: number) => signal(n % 2 ? 'SIGTERM' : 'SIGHUP'),
    print() {},
    emit() {},
    ask() {},
    left: () => heldAfter(held, goneMs),
    async stop() {},
  }
}
