/** A port's options: checked once, so that no NaN removes a bound, no fraction goes into HELLO and no misspelt word counts as
 * another. */

import { PortwireError } from '../../errors.js'
import { MISSED_HEARTBEATS, PORT_DEFAULTS } from '../limits.js'
import type { PortOptions } from '../types.js'
import { wantedBaudRates } from './baud-rates.js'

export interface PortNumbers {
  readonly callTimeoutMs: number
  readonly readyTimeoutMs: number
  readonly heartbeatMs: number
  readonly missedHeartbeats: number
  readonly maxQueuedCalls: number
  /** In order of preference; none where a link cannot change its rate. */
  readonly upgradeBaudRates: readonly number[]
}

const NAME = /^[A-Za-z0-9_-]{1,64}$/
/** A heartbeat travels as u32. */
const MAX_HEARTBEAT_MS = 0xffff_ffff

/** The numbers; the other options are checked on the way.
 * @throws ARGUMENT_INVALID  naming the option and its range */
export function portNumbers(options: PortOptions<never>, lossless: boolean): PortNumbers {
  const { callTimeoutMs, readyTimeoutMs, heartbeatMs, missedHeartbeats, maxQueuedCalls } = options
  const { contractMismatch = 'error' } = options
  if (!['error', 'warn', 'compatible'].includes(contractMismatch)) {
    const given = String(contractMismatch)
    throw new PortwireError('ARGUMENT_INVALID', `contractMismatch: ${given} is not error, compatible or warn`)
  }
  const beatMs = whole('heartbeatMs', heartbeatMs ?? (lossless ? 0 : PORT_DEFAULTS.heartbeatMs), 0, MAX_HEARTBEAT_MS)
  return {
    callTimeoutMs: above(0, 'callTimeoutMs', callTimeoutMs ?? PORT_DEFAULTS.callTimeoutMs),
    readyTimeoutMs: above(0, 'readyTimeoutMs', readyTimeoutMs ?? PORT_DEFAULTS.readyTimeoutMs),
    heartbeatMs: beatMs,
    missedHeartbeats: whole(
      'missedHeartbeats',
      missedHeartbeats ?? PORT_DEFAULTS.missedHeartbeats,
      MISSED_HEARTBEATS.min,
      MISSED_HEARTBEATS.max,
    ),
    maxQueuedCalls: whole('maxQueuedCalls', maxQueuedCalls ?? PORT_DEFAULTS.maxQueuedCalls, 1, Number.MAX_SAFE_INTEGER),
    upgradeBaudRates: lossless ? [] : wantedBaudRates(options.upgradeBaudRate, beatMs),
  }
}

/** @throws ARGUMENT_INVALID  a name that could not stand in an event's id or in a topic */
export function portName(given: string | undefined, contractName: string): string {
  const name = given ?? contractName
  if (NAME.test(name)) return name
  throw new PortwireError('ARGUMENT_INVALID', `name: ${JSON.stringify(name)} does not match [A-Za-z0-9_-]{1,64}`)
}

/** @throws ARGUMENT_INVALID */
export function timeoutAbove0(timeoutMs: number): void {
  above(0, 'timeoutMs', timeoutMs)
}

function above(low: number, option: string, value: number): number {
  if (typeof value === 'number' && value > low) return value
  throw new PortwireError('ARGUMENT_INVALID', `${option}: ${value} is not above ${low}`)
}

function whole(option: string, value: number, low: number, high: number): number {
  if (Number.isInteger(value) && value >= low && value <= high) return value
  throw new PortwireError('ARGUMENT_INVALID', `${option}: ${value} is not a whole number from ${low} to ${high}`)
}
