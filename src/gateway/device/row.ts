/** A device as `bridge/devices` shows it. */

import { describeExit, type Exit } from '../../exit.js'
import type { PortState } from '../../port/index.js'
import type { DeviceConfig } from './config.js'
import { infoInQuarantine } from './quarantine.js'
import type { UntypedPort } from './untyped-port.js'

/** A row of `bridge/devices`. */
export interface DeviceRow {
  readonly name: string
  readonly path: string
  /** quarantined: its tty is that of another device, so that it is not opened. */
  readonly state: PortState | 'quarantined'
  /** Number of the open, from 1; 0 before the first. */
  readonly session: number
  readonly restarts: number
  readonly epoch?: string
  readonly reset_cause?: string
  readonly firmware?: string
  readonly last_exit?: string
  /** `host:port` of each event server. */
  readonly event_servers?: readonly string[]
  readonly contract: { readonly name: string; readonly version: string; readonly hash: string }
}

/** @param port  undefined in quarantine
 * @param before  of the ports that the device had before this one
 * @param eventServers  their addresses */
export function rowOf(
  config: DeviceConfig,
  port: UntypedPort | undefined,
  before: { readonly sessions: number; readonly restarts: number },
  lastExit: Exit | undefined,
  eventServers: readonly string[],
): DeviceRow {
  const { name, contract, target } = config
  const { link, state, session, restarts, device } = port?.info() ?? infoInQuarantine(target)
  return {
    name,
    path: link,
    state,
    session: before.sessions + session,
    restarts: before.restarts + restarts,
    ...(device && { epoch: hex(device.epoch), reset_cause: device.resetCause }),
    ...(device?.firmwareVersion !== undefined && { firmware: device.firmwareVersion }),
    ...(lastExit && { last_exit: describeExit(lastExit) }),
    contract: { name: contract.name, version: contract.version, hash: hex(contract.hash) },
    ...(eventServers.length > 0 && { event_servers: eventServers }),
  }
}

function hex(value: number): string {
  return value.toString(16).padStart(8, '0')
}
