/** What the gateway is told of a device. */

import type { Contract } from '../../contract/index.js'
import { PortwireError } from '../../errors.js'
import { type EventServerOptions, eventsNamed } from '../../event-server/index.js'
import type { LinePolicy, SerialBinding, SerialIdentity } from '../../link/index.js'
import type { RestartOptions } from '../../supervision/index.js'
import type { ConfigFile } from '../config/schema.js'
import type { PayloadFormat } from '../encoding.js'
import type { EventQuotaLimits } from './event-quota.js'

/** How a device is reached: targets of createPort, handed on as they are. Binding and onArrival come from code only, never from a file. */
export type DeviceTarget =
  | {
      readonly serial: string | SerialIdentity
      readonly baudRate?: number
      readonly dtr?: LinePolicy | 'touch'
      readonly rts?: LinePolicy
      readonly settleMs?: number
      readonly lockWaitMs?: number
      readonly binding?: SerialBinding
      readonly onArrival?: (arrived: () => void) => () => void
    }
  | { readonly spawn: string; readonly args?: readonly string[] }
  | { readonly tcp: string }
  | { readonly websocket: string }

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
  /** Of plain events, default 1. With 0 they are sent once, at once, past the outbox, or not at all. */
  readonly qos?: 0 | 1
  /** Where events have their id: default payload, and under MQTT 5 as a user property too; or as that alone. */
  readonly id?: 'payload' | 'property'
  /** Whether a command that is retained at the broker is run. Default false. */
  readonly retainedCommands?: boolean
  readonly heartbeatMs?: number
  readonly missedHeartbeats?: number
  readonly readyTimeoutMs?: number
  readonly callTimeoutMs?: number
  readonly contractMismatch?: 'error' | 'warn' | 'compatible'
  readonly restart?: RestartOptions
  readonly eventServers?: readonly EventServerConfig[]
  /** Of its events on MQTT; default: LIMITS.eventsPerSecond and LIMITS.eventBurst. */
  readonly eventQuota?: Partial<EventQuotaLimits>
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
  return {
    name,
    target: targetOf(device),
    contract,
    retain: device.retain,
    payload: device.payload ?? payload,
    ...(device.qos !== undefined && { qos: device.qos }),
    ...(device.id && { id: device.id }),
    ...(device.retained_commands && { retainedCommands: true }),
    ...(device.heartbeat?.every !== undefined && { heartbeatMs: device.heartbeat.every }),
    ...(device.heartbeat?.miss !== undefined && { missedHeartbeats: device.heartbeat.miss }),
    ...(device.ready_timeout !== undefined && { readyTimeoutMs: device.ready_timeout }),
    ...(device.call_timeout !== undefined && { callTimeoutMs: device.call_timeout }),
    ...(device.contract_mismatch && { contractMismatch: device.contract_mismatch }),
    ...(device.event_quota && { eventQuota: quotaOf(device.event_quota) }),
    ...(device.restart && { restart: restartOf(device.restart) }),
    ...(device.event_servers && {
      eventServers: eventServersOf(`${path}: devices.${name}`, device.event_servers, contract),
    }),
  }
}

function targetOf(device: DeviceInFile): DeviceTarget {
  const { tcp, websocket, baud, open, lock } = device
  const [program, ...args] = device.spawn ?? []
  if (program !== undefined) return { spawn: program, args }
  if (tcp !== undefined) return { tcp }
  if (websocket !== undefined) return { websocket }
  return {
    serial: device.serial ?? identityOf(device.match!),
    ...(baud !== undefined && { baudRate: baud }),
    ...(open?.dtr && { dtr: open.dtr }),
    ...(open?.rts && { rts: open.rts }),
    ...(open?.settle !== undefined && { settleMs: open.settle }),
    ...(lock?.wait !== undefined && { lockWaitMs: lock.wait }),
  }
}

function identityOf(match: NonNullable<DeviceInFile['match']>): SerialIdentity {
  const { vendor_id, product_id, serial_number, manufacturer, interface_number, usb_path } = match
  return {
    ...(vendor_id !== undefined && { vendorId: vendor_id }),
    ...(product_id !== undefined && { productId: product_id }),
    ...(serial_number !== undefined && { serialNumber: serial_number }),
    ...(manufacturer !== undefined && { manufacturer }),
    ...(interface_number !== undefined && { interfaceNumber: interface_number }),
    ...(usb_path !== undefined && { usbPath: usb_path }),
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

function quotaOf(quota: NonNullable<DeviceInFile['event_quota']>): Partial<EventQuotaLimits> {
  return {
    ...(quota.per_second !== undefined && { eventsPerSecond: quota.per_second }),
    ...(quota.burst !== undefined && { burst: quota.burst }),
  }
}

function restartOf(restart: NonNullable<DeviceInFile['restart']>): RestartOptions {
  return {
    ...(restart.type && { type: restart.type }),
    ...(restart.initial !== undefined && { firstMs: restart.initial }),
    ...(restart.max !== undefined && { maxMs: restart.max }),
    ...(restart.jitter && { jitter: restart.jitter }),
    ...(restart.max_restarts !== undefined && { intensity: restart.max_restarts }),
    ...(restart.within !== undefined && { periodMs: restart.within }),
    ...(restart.retry_failed !== undefined && {
      retryFailedMs: restart.retry_failed === 0 ? Number.POSITIVE_INFINITY : restart.retry_failed,
    }),
  }
}
