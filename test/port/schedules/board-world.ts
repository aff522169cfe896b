/** Boards on a serial line in virtual time: mocked, in this process, with all the ways in which one does not start. */

import { ApplicationError } from '../../../src/index.js'
import { type SerialBinding, type SerialOptions, serialConnector } from '../../../src/link/index.js'
import type { DeviceHandler } from '../../../src/port/index.js'
import { greenhouse } from '../../../src/testing/greenhouse.js'
import { createMockBoard, type MockBoardOptions } from '../../../src/testing/mock-board.js'
import { createVirtualClock, type VirtualClock } from '../../../src/testing/virtual-clock.js'
import { createRandom } from '../../wire/random.js'
import { countingClock, countingConnector } from './counting.js'
import type { Ledger } from './ledger.js'
import { idOf } from './perform.js'
import type { Schedule } from './plan.js'
import type { WorldKind } from './world.js'

/** Longer than any bound that a close has. */
const LIMIT_MS = 30_000
/** In which nothing may happen any more. */
const AFTERWARDS_MS = 120_000

const PEERS = {
  'a board': {},
  'a board that opening resets, with a bootloader': { bootMs: 800, resetOnOpen: true },
  'a board that never boots': { bootMs: 1e9 },
  'a board that says half a hello': { bootMs: 1e9, half: true },
  'a path that is missing': { missing: true },
  'a tty that another program holds now and then': { busy: true },
} as const satisfies Record<string, Partial<MockBoardOptions> & Record<string, unknown>>

/** What is made wrong on purpose, to show that it is found. */
export interface BoardFaults {
  serial?(options: SerialOptions): SerialOptions
  handlers?(own: Record<string, DeviceHandler>): Record<string, DeviceHandler>
}

export function boardWorlds(faults: BoardFaults = {}): WorldKind {
  return {
    peers: Object.keys(PEERS),
    isVirtual: true,
    make: async (schedule, ledger) => makeWorld(schedule, ledger, faults),
  }
}

function makeWorld(schedule: Schedule, ledger: () => Ledger, faults: BoardFaults) {
  const time = createVirtualClock()
  const clock = countingClock(time)
  const random = createRandom(schedule.steps.length + 1)
  const peer: Partial<MockBoardOptions> & { readonly half?: true; readonly missing?: true; readonly busy?: true } =
    Object.values(PEERS)[schedule.peer]!
  const executions = new Map<number, number[]>()
  let session = 0
  const handlers = boardHandlers(time, (id) => {
    executions.set(id, [...(executions.get(id) ?? []), session])
  })
  const board = createMockBoard({
    ...peer,
    contract: greenhouse,
    clock: time,
    random,
    window: schedule.window,
    sessionBegan: () => {
      session += 1
    },
    handlers: faults.handlers?.(handlers) ?? handlers,
    disturb: (bytes) => (random() < schedule.noise ? damaged(bytes, random) : bytes),
  })
  let writes = 0
  let isHeld = false
  /** The line drops, and the board does not notice. */
  let hangUp = () => {}
  const open = new Set<object>()
  const binding: SerialBinding = {
    list: board.binding.list,
    async open(options) {
      if (isHeld) throw new Error('Error Resource temporarily unavailable Cannot lock port')
      const port = await board.binding.open(options)
      open.add(port)
      const { read, write, close } = port
      port.read = (buffer, offset, length) =>
        new Promise((resolve, reject) => {
          hangUp = () => reject(Object.assign(new Error('bad file descriptor'), { disconnected: true }))
          read(buffer, offset, length).then(resolve, reject)
        })
      port.write = (buffer) => {
        writes += 1
        return write(buffer)
      }
      port.close = async () => {
        await close()
        open.delete(port)
      }
      if (peer.half) board.print(Uint8Array.of(0, 20, 0xf1))
      return port
    },
  }
  const path = peer.missing ? '/dev/nowhere' : board.path
  const serial: SerialOptions = { path, binding, onArrival: board.onArrival, clock }
  const counted = countingConnector(serialConnector(faults.serial?.(serial) ?? serial), (text) =>
    ledger().problem(text),
  )
  let emitted = 0
  return {
    clock,
    connector: counted.connector,
    readyTimeoutMs: 3_000,
    executions,
    pass: (ms: number) => (ms > 0 ? time.advance(ms) : time.settle()),
    settles: (promise: Promise<unknown>) => settlesIn(time, promise),
    unplug: (n: number) => (n % 2 ? hangUp() : board.unplug()),
    replug: () => board.plug(),
    reset: (n: number) => (peer.busy && n % 2 ? toggleHeld() : board.reset(n % 3 ? 'watchdog' : 'external')),
    print: (n: number) => board.print(n % 2 ? 'boot: ok\r\n' : Uint8Array.of(0, n % 256, 7, 0xff)),
    emit(n: number) {
      const { device } = board
      emitted += 1
      if (n % 5 === 4) device?.log('notice', `line ${emitted}`)
      else if (n % 5 === 3) for (let i = 0; i < 40; i++) device?.emit('alarm', { celsius: emitted, high: true })
      else device?.emit(n % 2 ? 'alarm' : 'reading', n % 2 ? { celsius: emitted, high: true } : CLIMATE)
    },
    // What a board gets for an answer is the schedule's; that it ends at all is the device side's own test.
    ask: () => void board.device?.ask('getSetpoint', { zone: 1 }, 500).catch(() => {}),
    async left() {
      await time.advance(1) // for what was due at once
      const held = [...clock.held(), ...counted.held()]
      if (open.size > 0) held.push(`${open.size} open serial ports`)
      const before = { writes, executions: executions.size }
      board.device?.emit('alarm', { celsius: 1, high: true })
      board.unplug()
      board.plug()
      await time.advance(AFTERWARDS_MS)
      if (writes > before.writes) held.push(`${writes - before.writes} writes after the close`)
      if (executions.size > before.executions) held.push('calls that ran after the close')
      return held
    },
    async stop() {
      board.unplug()
    },
  }

  function toggleHeld(): void {
    isHeld = !isHeld
  }
}

const CLIMATE = { celsius: 21, humidity: 45 }

/** True when it settles at all, however: its end is somebody else's to look at. */
export async function settlesIn(time: VirtualClock, promise: Promise<unknown>): Promise<boolean> {
  const done = promise.then(
    () => true,
    () => true,
  )
  return time.until(done, LIMIT_MS).catch(() => false)
}

function boardHandlers(time: VirtualClock, ran: (id: number) => void): Record<string, DeviceHandler> {
  const after = (ms: number) => new Promise<void>((resolve) => time.after(ms, resolve))
  return {
    identify: () => undefined,
    echo({ data }) {
      ran(idOf(data as Uint8Array))
      return data
    },
    setVent() {
      throw new ApplicationError(16, 'it is stuck')
    },
    setLamp: ({ on }) => on,
    readClimate: () => CLIMATE,
    setAlarmLimit: ({ celsius }) => celsius,
    setInterval: ({ ms }) => ms,
    blink: () => undefined,
    settle: ({ ms }) => after(ms as number),
    async calibrate(_, { next, signal }) {
      for (let step = 1; step <= 10 && !signal.aborted; step++) {
        next({ step, of: 10 })
        await after(step % 2 ? 30 : 0)
      }
      if (signal.aborted) throw new Error('cancelled')
      return 0
    },
  }
}

/** One byte flipped, dropped, doubled or put in. */
function damaged(bytes: Uint8Array, random: () => number): Uint8Array {
  const at = Math.floor(random() * bytes.length)
  const odd = Math.floor(random() * 256)
  const [before, rest] = [bytes.subarray(0, at), bytes.subarray(at + 1)]
  switch (Math.floor(random() * 4)) {
    case 0:
      return Uint8Array.of(...before, odd, ...rest)
    case 1:
      return Uint8Array.of(...before, ...rest)
    case 2:
      return Uint8Array.of(...before, bytes[at] ?? 0, bytes[at] ?? 0, ...rest)
    default:
      return Uint8Array.of(...before, bytes[at] ?? 0, odd, ...rest)
  }
}
