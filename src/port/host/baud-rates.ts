/** The baud rate of a port's line, over all its sessions: what it is now, which other one to ask for, and when not to. */

import type { Clock } from '../../clock.js'
import { PortwireError } from '../../errors.js'
import type { Exit } from '../../exit.js'
import type { Link } from '../../link/link.js'
import { type DeviceHello, Feature } from '../../wire/index.js'
import { BAUD_RATE, BAUD_RATE_HOLD_OFF } from '../limits.js'
import type { PortNotice } from '../types.js'

/** Why a raised rate was given up. `unanswered`: the hello that asked for it. `refused`: by the tty. `unconfirmed`: nothing
 * came at that rate. `noise`: too many errors. `silent`: the same boot was found again at the opening rate. */
export type BaudRateFailure = 'unanswered' | 'refused' | 'unconfirmed' | 'noise' | 'silent'

/** What a session may know and do. */
export interface LineRate {
  /** Bits per second; undefined where the link has no rate. */
  readonly now: number | undefined
  /** It is not the rate of opening. */
  readonly isRaised: boolean
  /** The rate to ask this device for; undefined: the present one will do. */
  choose(hello: DeviceHello): number | undefined
  /** Sets the tty once all that was written has left. @throws PORT_FAILED  the rate is what it was */
  raise(baudRate: number): Promise<void>
  /** The same for the rate of opening. */
  lower(): Promise<void>
  /** The device was told to restart: its next boot announces itself at the rate of opening. */
  bootExpected(): void
  /** A session is up at the present rate. */
  confirmed(): void
  failed(baudRate: number, reason: BaudRateFailure): void
  /** A session with this boot has ended. */
  ended(exit: Exit, epoch: number): void
}

export interface BaudRates extends LineRate {
  /** A session begins on this link; a fresh one is at the rate of opening. */
  on(link: Pick<Link, 'setBaudRate'>): void
}

export interface BaudRatesOptions {
  readonly clock: Clock
  readonly openingBaudRate: number | undefined
  /** In order of preference. */
  readonly wanted: readonly number[]
  readonly notify: (notice: Extract<PortNotice, { readonly kind: 'baud_rate' }>) => void
}

export function createBaudRates({ clock, openingBaudRate, wanted, notify }: BaudRatesOptions): BaudRates {
  let link: Pick<Link, 'setBaudRate'> | undefined
  let now = openingBaudRate
  let raisedAtMs: number | undefined
  let holdOffMs = 0
  let notBeforeMs = Number.NEGATIVE_INFINITY
  /** A boot that fell silent at a raised rate: if it is the same one that answers now, the rate is to blame. */
  let lost: { readonly epoch: number; readonly baudRate: number } | undefined

  const set = async (baudRate: number) => {
    const asked = link
    if (!asked?.setBaudRate) throw new PortwireError('PORT_FAILED', `the link has no baud rate to set to ${baudRate}`)
    await asked.setBaudRate(baudRate)
    if (link === asked) now = baudRate
  }
  const failed = (baudRate: number, reason: BaudRateFailure) => {
    const { firstMs, maxMs, provenMs } = BAUD_RATE_HOLD_OFF
    const hasProven = raisedAtMs !== undefined && clock.nowMs() - raisedAtMs >= provenMs
    raisedAtMs = undefined
    holdOffMs = holdOffMs === 0 || hasProven ? firstMs : Math.min(2 * holdOffMs, maxMs)
    notBeforeMs = clock.nowMs() + holdOffMs
    notify({ kind: 'baud_rate', baudRate, failed: reason, notAgainForMs: holdOffMs })
  }
  const isRaised = () => now !== openingBaudRate
  const lower = async () => {
    if (openingBaudRate !== undefined && isRaised()) await set(openingBaudRate)
  }

  return {
    get now() {
      return now
    },
    get isRaised() {
      return isRaised()
    },
    on(next) {
      if (link === next) return
      link = next
      now = openingBaudRate
      raisedAtMs = undefined
    },
    choose(hello) {
      if (lost?.epoch === hello.epoch) failed(lost.baudRate, 'silent')
      lost = undefined
      if (!link?.setBaudRate || clock.nowMs() < notBeforeMs || (hello.features & Feature.BAUD_RATES) === 0)
        return undefined
      return wanted.find((rate) => rate !== openingBaudRate && hello.baudRates?.includes(rate))
    },
    raise: set,
    lower,
    bootExpected() {
      // A line that cannot be set is found out by silence, and opened anew then.
      if (isRaised()) clock.after(BAUD_RATE.afterResetMs, () => void lower().catch(() => {}))
    },
    confirmed() {
      if (!isRaised()) return
      raisedAtMs = clock.nowMs()
      notify({ kind: 'baud_rate', baudRate: now! })
    },
    failed,
    ended(exit, epoch) {
      if (!isRaised()) return
      if (exit.kind === 'noise') failed(exit.baudRate, 'noise')
      else if (exit.kind === 'silent') lost = { epoch, baudRate: now! }
    },
  }
}

/** The option `upgradeBaudRate` as a list.
 * @throws ARGUMENT_INVALID  a rate that is none, too many of them, or a heartbeat that no device would change for */
export function wantedBaudRates(
  option: number | readonly number[] | undefined,
  heartbeatMs: number,
): readonly number[] {
  const wanted = option === undefined ? [] : typeof option === 'number' ? [option] : option
  const refuse = (problem: string): never => {
    throw new PortwireError('ARGUMENT_INVALID', `upgradeBaudRate: ${problem}`)
  }
  if (!Array.isArray(wanted)) return refuse(`${String(option)} is no rate and no list of rates`)
  if (wanted.length > BAUD_RATE.maxRates) return refuse(`${wanted.length} rates are more than ${BAUD_RATE.maxRates}`)
  for (const rate of wanted as readonly number[]) {
    if (!Number.isInteger(rate) || rate < 1 || rate > 0xffff_ffff) {
      return refuse(`${rate} is not a whole number of bits per second from 1 to 4294967295`)
    }
  }
  if (wanted.length > 0 && !(heartbeatMs > 0 && heartbeatMs <= BAUD_RATE.maxHeartbeatMs)) {
    return refuse(`needs a heartbeatMs from 1 to ${BAUD_RATE.maxHeartbeatMs}, got ${heartbeatMs}`)
  }
  return wanted
}
