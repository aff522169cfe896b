/** What the gateway is told of a device. */

import type { Contract } from '../contract/index.js'
import { PortwireError } from '../errors.js'
import { type EventServerOptions, eventsNamed } from '../event-server/index.js'
import type { SerialBinding } from '../link/index.js'
import type { RestartOptions } from '../supervision/index.js'
import type { ConfigFile } from './config-schema.js'
import type { PayloadFormat } from './encoding.js'

/** How a device is reached: targets of createPort, handed on as they are. Binding and onArrival come from code only, never from a file. */
export type DeviceTarget =
  | {
      readonly serial: string
      readonly baudRate?: number
      readonly binding?: SerialBinding
      readonly onArrival?: (arrived: () => void) => () => void
    }
  | { readonly spawn: string; readonly args?: readonly string[] }

/** A server for one program that takes the events of the device over TCP. */
export interface EventServerConfig extends Pick<EventServerOptions, 'host' | 'port' | 'packet'> {
  /** Bound for whoever connects; `ALL` is every one. */
  readonly events: readonly string[]
}

export interface DeviceConfig {
  readonly name: string
  readonly target: DeviceTarget
  readonly contract: Contract
  readonly retain: boolean
  /** Of events, and of answers to calls without payload; default json. */
  readonly payload?: PayloadFormat
  readonly heartbeatMs?: number
  readonly readyTimeoutMs?: number
  readonly callTimeoutMs?: number
  readonly contractMismatch?: 'error' | 'warn' | 'compatible'
  readonly restart?: RestartOptions
  readonly eventServers?: readonly EventServerConfig[]
}

type DeviceInFile = ConfigFile['devices'][string]

/** @param path     of the file, for messages
 * @param payload  of devices that say nothing of their own
 * @throws CONFIG_INVALID  an event that the contract does not have */
export function deviceOf(
  path: string,
  name: string,
  device: DeviceInFile,
  contract: Contract,
  payload: PayloadFormat = 'json',
): DeviceConfig {
  const [program, ...args] = device.spawn ?? []
  const target: DeviceTarget =
    program !== undefined
      ? { spawn: program, args }
      : { serial: device.serial!, ...(device.baud !== undefined && { baudRate: device.baud }) }
  return {
    name,
    target,
    contract,
    retain: device.retain,
    payload: device.payload ?? payload,
    ...(device.heartbeat && { heartbeatMs: device.heartbeat.every }),
    ...(device.ready_timeout !== undefined && { readyTimeoutMs: device.ready_timeout }),
    ...(device.call_timeout !== undefined && { callTimeoutMs: device.call_timeout }),
    ...(device.contract_mismatch && { contractMismatch: device.contract_mismatch }),
    ...(device.restart && { restart: restartOf(device.restart) }),
    ...(device.event_servers && {
      eventServers: eventServersOf(`${path}: devices.${name}`, device.event_servers, contract),
    }),
  }
}

/** @param at  the device, for the message */
function eventServersOf(
  at: string,
  servers: NonNullable<DeviceInFile['event_servers']>,
  contract: Contract,
): readonly EventServerConfig[] {
  for (const [index, { events }] of servers.entries()) {
    try {
      eventsNamed(contract, events)
    } catch (cause) {
      const problem = (cause as Error).message.replace(/^ARGUMENT_INVALID: /, '')
      throw new PortwireError('CONFIG_INVALID', `${at}.event_servers.${index}.${problem}`, { cause })
    }
  }
  return servers
}

function restartOf(restart: NonNullable<DeviceInFile['restart']>): RestartOptions {
  return {
    ...(restart.type && { type: restart.type }),
    ...(restart.initial !== undefined && { firstMs: restart.initial }),
    ...(restart.max !== undefined && { maxMs: restart.max }),
    ...(restart.max_restarts !== undefined && { intensity: restart.max_restarts }),
    ...(restart.within !== undefined && { periodMs: restart.within }),
    ...(restart.retry_failed !== undefined && { retryFailedMs: restart.retry_failed }),
  }
}
