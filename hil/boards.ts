/** The boards that the suite runs on. One that cannot be had fails the suite: nothing here is skipped. */

import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ContractDefinition } from '../src/contract/index.js'
import type { OpenOptions } from '../src/index.js'
import { createBoardBinding } from '../src/testing/avr/binding.js'
import { createUno } from '../src/testing/avr/board.js'
import { startPtyBoard } from '../src/testing/avr/pty.js'
import { createMockGreenhouse } from '../src/testing/mock-greenhouse.js'
import { type NativeBoard, startNative } from '../src/testing/native.js'
import { startQemuBoard } from '../src/testing/qemu.js'
import { createVirtualClock } from '../src/testing/virtual-clock.js'

export interface HilBoard {
  /** How to open it; the rest of the options is the test's. */
  readonly target: OpenOptions<ContractDefinition>
  /** Waits in the time that the board lives in. */
  until<T>(promise: Promise<T>): Promise<T>
  /** Pulls the cable or kills the program, and puts it back: what a supervised port must survive. */
  drop?(): Promise<void>
  restore?(): Promise<void>
  stop(): Promise<void>
}

const NATIVE = 'build/firmware/native/greenhouse'
const CORTEX_M3_IMAGE = 'build/firmware/cortex_m3/greenhouse.bin'
const UNO_IMAGE = 'build/firmware/uno/greenhouse.hex'
/** What an Optiboot bootloader takes after the reset that opening the port causes. */
const BOOT_MS = 1_000
/** TMP36 at 21 degC, and 44 % relative humidity. */
const PROBE_VOLTS = [0.71, 2.2] as const

/** Name to board, made anew for each test. */
export const BOARDS: Readonly<Record<string, () => Promise<HilBoard>>> = {
  'mock board, virtual time': mockBoard,
  'native firmware, spawned': spawnedFirmware,
  'native firmware behind a pty': firmwareBehindPty,
  'emulated Uno, virtual time': emulatedUno,
  'emulated Uno behind a pty': emulatedUnoBehindPty,
  'emulated Cortex-M3 behind a pty': emulatedCortexM3,
  ...(process.env['HIL_PORT'] ? { [`real board at ${process.env['HIL_PORT']}`]: realBoard } : {}),
}

async function mockBoard(): Promise<HilBoard> {
  const clock = createVirtualClock()
  const board = createMockGreenhouse({ clock, bootMs: BOOT_MS, resetOnOpen: true })
  return {
    target: { serial: board.path, binding: board.binding, onArrival: board.onArrival, clock },
    until: (promise) => clock.until(promise),
    drop: async () => board.unplug(),
    restore: async () => board.plug(),
    stop: async () => {},
  }
}

async function spawnedFirmware(): Promise<HilBoard> {
  const pidFile = join(mkdtempSync(join(tmpdir(), 'portwire-hil-')), 'pid')
  const script = 'echo $$ > "$1"; exec "$2"'
  return {
    target: { spawn: 'sh', args: ['-c', script, 'sh', pidFile, needed(NATIVE)] },
    until: (promise) => promise,
    drop: async () => void process.kill(Number(readFileSync(pidFile, 'utf8')), 'SIGKILL'),
    restore: async () => {},
    stop: async () => {},
  }
}

async function firmwareBehindPty(): Promise<HilBoard> {
  const path = join(mkdtempSync(join(tmpdir(), 'portwire-hil-')), 'tty')
  let board: NativeBoard | undefined
  const start = async () => {
    board = await startNative(needed(NATIVE), { args: ['--boot-ms', String(BOOT_MS)] })
    symlinkSync(board.path, path)
  }
  const stop = async () => {
    rmSync(path, { force: true })
    board?.kill()
    await board?.exited
  }
  await start()
  return { target: { serial: path }, until: (promise) => promise, drop: stop, restore: start, stop }
}

async function emulatedUno(): Promise<HilBoard> {
  const clock = createVirtualClock()
  const board = createUno({ image: readFileSync(needed(UNO_IMAGE), 'utf8'), clock, bootMs: BOOT_MS })
  for (const [channel, volts] of PROBE_VOLTS.entries()) board.setAnalogVolts(channel, volts)
  const binding = createBoardBinding({ '/dev/emulated0': board })
  return {
    target: { serial: '/dev/emulated0', binding, onArrival: binding.onArrival, clock },
    until: (promise) => clock.until(promise),
    drop: async () => board.unplug(),
    restore: async () => board.plug(),
    stop: async () => {},
  }
}

async function emulatedUnoBehindPty(): Promise<HilBoard> {
  const uno = createUno({ image: readFileSync(needed(UNO_IMAGE), 'utf8') })
  for (const [channel, volts] of PROBE_VOLTS.entries()) uno.setAnalogVolts(channel, volts)
  const board = await startPtyBoard({ board: uno })
  return {
    target: { serial: board.path },
    until: (promise) => promise,
    drop: () => board.unplug(),
    restore: () => board.plug(),
    stop: () => board.stop(),
  }
}

async function emulatedCortexM3(): Promise<HilBoard> {
  const board = await startQemuBoard({ image: needed(CORTEX_M3_IMAGE) })
  return {
    target: { serial: board.path },
    until: (promise) => promise,
    drop: () => board.unplug(),
    restore: () => board.plug(),
    stop: () => board.stop(),
  }
}

async function realBoard(): Promise<HilBoard> {
  // Nobody pulls its cable, so what needs that is not asked of it.
  return { target: { serial: needed(process.env['HIL_PORT']!) }, until: (promise) => promise, stop: async () => {} }
}

function needed(path: string): string {
  if (existsSync(path)) return path
  const cure = path.startsWith('build/') ? 'run `npm run build:firmware`' : 'plug the board in, or correct HIL_PORT'
  throw new Error(`there is no ${path}: ${cure}`)
}
