/** What may be asked of the gateway, under `bridge/request/`: these and no others. */

import { didYouMean } from '../../contract/file/index.js'
import { describeExit } from '../../exit.js'
import type { Device } from '../device/device.js'
import { isLogLevel, LOG_LEVELS, type LogLevel } from '../log.js'
import { shownName } from '../printable.js'
import type { Command } from './command.js'

/** Answers a request to the gateway with data; what it throws becomes the error of the answer. */
export type RequestHandler = (command: Command) => Promise<unknown>

export interface BridgeRequestOptions {
  readonly devices: () => readonly Device[]
  readonly info: () => unknown
  readonly health: () => Promise<unknown>
  readonly setLogLevel: (level: LogLevel) => void
  /** Begins to end the gateway and start it again; undefined where nobody would start it again. */
  readonly restart: (() => void) | undefined
}

export function bridgeRequests(options: BridgeRequestOptions): Readonly<Record<string, RequestHandler>> {
  const { devices, restart } = options
  return {
    'device/restart': async ({ members }) => {
      const device = deviceNamed(members['id'], devices())
      await device.restart()
      return { id: device.name }
    },
    'device/reset': async ({ members }) => {
      const device = deviceNamed(members['id'], devices())
      return { id: device.name, exit: describeExit(await device.reset()) }
    },
    devices: async () => devices().map((device) => device.row()),
    info: async () => options.info(),
    health: () => options.health(),
    // As zigbee2mqtt has it: the options that are to change, and whether a restart is needed for them.
    options: async ({ members }) => {
      const level = logLevelIn(members['options'])
      options.setLogLevel(level)
      return { restart_required: false }
    },
    ...(restart && {
      restart: async () => {
        restart()
        return {}
      },
    }),
  }
}

/** `{"log_level":"debug"}`, or zigbee2mqtt's `{"advanced":{"log_level":"debug"}}`. Nothing else changes while the gateway runs. */
function logLevelIn(given: unknown): LogLevel {
  const known = '{"options":{"log_level":"debug"}} is all that can be changed while the gateway runs'
  const outer = onlyMember(given, ['advanced', 'log_level'])
  const [key, level] = outer?.[0] === 'advanced' ? (onlyMember(outer[1], ['log_level']) ?? []) : (outer ?? [])
  if (key !== 'log_level') throw new Error(known)
  if (!isLogLevel(level)) {
    const hint = didYouMean(String(level), LOG_LEVELS)
    throw new Error(`log_level is one of ${LOG_LEVELS.join(', ')}${hint}`)
  }
  return level
}

function onlyMember(value: unknown, names: readonly string[]): readonly [string, unknown] | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const [first, ...more] = Object.entries(value)
  return first && more.length === 0 && names.includes(first[0]) ? first : undefined
}

function deviceNamed(id: unknown, devices: readonly Device[]): Device {
  if (typeof id !== 'string') throw new Error('id is missing: the name of a device')
  const device = devices.find(({ name }) => name === id)
  if (device) return device
  const names = devices.map(({ name }) => name)
  throw new Error(
    `no device named ${shownName(id)}${didYouMean(id, names) || `; there are: ${names.join(', ') || 'none'}`}`,
  )
}
