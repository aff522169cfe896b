/** A board behind a real tty, in real time: native firmware on a pseudo-terminal, reached by a name that outlives it. */

import { mkdtempSync, rmSync, symlinkSync, watch } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '../../../src/clock.js'
import { serialConnector } from '../../../src/link/index.js'
import { type NativeBoard, startNative } from '../../../src/testing/native.js'
import { countingClock, countingConnector } from './counting.js'
import type { Ledger } from './ledger.js'
import { added, heldAfter, pass, resources, settlesInTime } from './machine.js'
import { FIRMWARE, GONE_MS } from './program-world.js'
import type { WorldKind } from './world.js'

const PEERS = { 'a board': [], 'a board that boots for a while': ['--boot-ms', '100'] } as const

export function ttyWorlds(): WorldKind {
  return {
    peers: Object.keys(PEERS),
    isVirtual: false,
    make: ({ peer }, ledger) => makeWorld(Object.values(PEERS)[peer]!, ledger),
  }
}

async function makeWorld(args: readonly string[], ledger: () => Ledger) {
  watch(tmpdir()).close() // libuv opens one inotify descriptor for all watchers, once, and keeps it
  const before = resources()
  const folder = mkdtempSync(join(tmpdir(), 'portwire-schedule-'))
  const path = join(folder, 'tty')
  const clock = countingClock(systemClock)
  const counted = countingConnector(serialConnector({ path, clock }), (text) => ledger().problem(text))
  const boards: NativeBoard[] = []
  const unplug = () => {
    rmSync(path, { force: true })
    boards.at(-1)?.kill()
  }
  const plug = async () => {
    const board = await startNative(FIRMWARE, { args })
    boards.push(board)
    rmSync(path, { force: true })
    symlinkSync(board.path, path)
  }
  await plug()
  /** One after the other: a board that is being plugged in is not unplugged before it is there. */
  let cable = Promise.resolve()
  let isPlugged = true
  const move = (wanted: boolean) => {
    if (isPlugged === wanted) return
    isPlugged = wanted
    cable = cable.then(wanted ? plug : unplug)
  }
  const held = () => [...clock.held(), ...counted.held(), ...added(before, resources())]
  return {
    clock,
    connector: counted.connector,
    readyTimeoutMs: 1_000,
    executions: undefined,
    pass,
    settles: settlesInTime,
    unplug: () => move(false),
    replug: () => move(true),
    reset() {},
    print() {},
    emit() {},
    ask() {},
    async left() {
      await cable
      unplug()
      await Promise.all(boards.map((board) => board.exited))
      return heldAfter(held, GONE_MS)
    },
    stop: async () => rmSync(folder, { recursive: true }),
  }
}
