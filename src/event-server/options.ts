/** The options of an event server, with their defaults, each within its range. */

import { PortwireError } from '../errors.js'
import { EVENT_SERVER_DEFAULTS } from './limits.js'
import type { EventServerOptions } from './server.js'

type Checked = Required<Pick<EventServerOptions, 'host' | 'port' | 'packet' | 'maxQueued' | 'maxQueuedBytes'>>

/** @throws ARGUMENT_INVALID  one is outside of its range */
export function checkedOptions(options: EventServerOptions): Checked {
  const { host, packet, maxQueued, maxQueuedBytes } = EVENT_SERVER_DEFAULTS
  const checked: Checked = {
    host: options.host ?? host,
    port: options.port ?? 0,
    packet: options.packet ?? packet,
    maxQueued: options.maxQueued ?? maxQueued,
    maxQueuedBytes: options.maxQueuedBytes ?? maxQueuedBytes,
  }
  if (![1, 2, 4].includes(checked.packet)) throw invalid('packet', checked.packet, '1, 2 or 4')
  if (!isWhole(checked.port, 0) || checked.port > 65_535) throw invalid('port', checked.port, 'a port from 0 to 65535')
  for (const name of ['maxQueued', 'maxQueuedBytes'] as const) {
    if (!isWhole(checked[name], 1)) throw invalid(name, checked[name], 'a whole number from 1 on')
  }
  return checked
}

function isWhole(value: unknown, least: number): boolean {
  return Number.isSafeInteger(value) && (value as number) >= least
}

function invalid(name: string, value: unknown, wanted: string): PortwireError {
  return new PortwireError('ARGUMENT_INVALID', `${name}: ${value} is not ${wanted}`)
}
