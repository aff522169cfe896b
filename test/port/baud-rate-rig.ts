/** A port over a line of several baud rates in virtual time, with the checker's board in TypeScript or on the C++ library. */

import { PortwireError } from '../../src/errors.js'
import { createPort, type OpenOptions, type Port, type PortNotice } from '../../src/index.js'
import type { Connector } from '../../src/link/index.js'
import { createLine, type Line } from '../../src/testing/line/line.js'
import { seeded } from '../../src/testing/seeded.js'
import { createVirtualClock, type VirtualClock } from '../../src/testing/virtual-clock.js'
import { Action, createDeframer, createValueCodec, decodeMessage } from '../../src/wire/index.js'
import { checker } from '../reliability/checker.contract.js'
import {
  CHECKER_BAUD_RATES,
  type CheckerChip,
  createCppChip,
  createTypeScriptChip,
} from '../reliability/checker-chip.js'

export const { opening: OPENING } = CHECKER_BAUD_RATES
export const [FAST, MIDDLING] = CHECKER_BAUD_RATES.others
export const BOARDS = [
  ['in TypeScript', createTypeScriptChip],
  ['on the C++ library', createCppChip],
] as const

type Direction = 'to_device' | 'to_host'
export type CheckerPort = Port<(typeof checker)['definition']>
type Options = Partial<Omit<OpenOptions<(typeof checker)['definition']>, 'clock' | 'random'>>

export interface Rig {
  readonly clock: VirtualClock
  readonly chip: CheckerChip
  readonly line: Line
  readonly notices: PortNotice[]
  /** A run on the wire is lost, or damaged, by what this makes of it. */
  middle: (run: Uint8Array, direction: Direction) => readonly Uint8Array[]
  /** The host's tty cannot have any other rate. */
  refusesRates: boolean
  /** The port that was opened last. */
  readonly port: CheckerPort
  /** Opens a port: the first, or another one as after the host was killed. */
  open(options?: Options): CheckerPort
}

export function createRig(create: (typeof BOARDS)[number][1], seed = 1): Rig {
  const clock = createVirtualClock()
  const random = seeded(seed)
  const ignore = () => {}
  const witness = { ran: ignore, noted: ignore, counted: ignore, answered: ignore, booted: ignore, overrun: ignore }
  const chip = create({ clock, random, witness, window: 1, bootMs: 5 })
  const notices: PortNotice[] = []
  let port: CheckerPort | undefined
  const line = createLine({
    board: chip,
    clock,
    random,
    baudRate: OPENING,
    middle: (run, direction) => rig.middle(run, direction),
  })
  const connector: Connector = {
    ...line.connector,
    async connect(handlers) {
      const link = await line.connector.connect(handlers)
      return {
        ...link,
        async setBaudRate(baudRate) {
          if (rig.refusesRates) throw new PortwireError('PORT_FAILED', `${baudRate} baud: Invalid argument`)
          await link.setBaudRate!(baudRate)
        },
      }
    },
  }
  const rig: Rig = {
    clock,
    chip,
    line,
    notices,
    middle: (run) => [run],
    refusesRates: false,
    get port() {
      return port!
    },
    open(options = {}) {
      port = createPort(checker, {
        upgradeBaudRate: FAST,
        ...options,
        link: connector,
        clock,
        random,
      } as OpenOptions<(typeof checker)['definition']>)
      port.watch((notice) => notices.push(notice))
      return port
    },
  }
  return rig
}

const codec = createValueCodec()

/** The message of a run that is one frame. */
export function messageOf(run: Uint8Array) {
  for (const event of createDeframer({ maxContentBytes: 65_535 }).push(run)) {
    if (event.kind !== 'content') continue
    const message = decodeMessage(codec, event.bytes)
    if (message.ok) return message
  }
  return undefined
}

/** True for the host's HELLO that asks for a rate. */
export function asksForRate(run: Uint8Array): boolean {
  const message = messageOf(run)
  return message?.action === Action.HELLO && Array.isArray(message.value) && message.value.length > 4
}
