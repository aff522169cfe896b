/** One device: a Port on one side, its topics on the other. */

import { didYouMean } from '../contract/file/index.js'
import { type Contract, fieldsOf } from '../contract/index.js'
import { describeExit, type Exit } from '../exit.js'
import type { EventMeta, PortNotice, PortState } from '../port/index.js'
import { PORT_DEFAULTS } from '../port/index.js'
import type { DeviceConfig } from './device-config.js'
import type { DeviceEventServers } from './device-event-servers.js'
import { createDeviceEvents, type DeviceEventsOptions } from './device-events.js'
import { restartReason } from './exit-reason.js'
import { LIMITS } from './limits.js'
import type { Log } from './log.js'
import { argsFromJson, resultToJson } from './payload.js'
import { createRecoveryLog } from './recovery-log.js'
import { type CommandResult, refused, resultOfError } from './reply.js'
import type { UntypedPort } from './untyped-port.js'

/** A row of `bridge/devices`. */
export interface DeviceRow {
  readonly name: string
  readonly path: string
  readonly state: PortState
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

export interface Device {
  readonly name: string
  row(): DeviceRow
  /** Runs an action. Never rejects.
   * @param expiresInMs  how long the command is good for; undefined: as long as calls are */
  call(
    action: string,
    members: Readonly<Record<string, unknown>>,
    expiresInMs: number | undefined,
  ): Promise<CommandResult>
  /** Ends the port and starts a new one. */
  restart(): Promise<void>
  /** Says `offline` and ends the port. */
  close(): Promise<void>
  /** The same of a device that is no more: its retained topics are cleared. */
  remove(): Promise<void>
}

/** A line on `bridge/event`. */
export interface BridgeEvent {
  readonly type: 'device_restarted' | 'device_exited' | 'events_lost' | 'events_dropped' | 'events_stopped'
  readonly data: Readonly<Record<string, unknown>> & { readonly name: string }
}

export interface DeviceOptions extends DeviceEventsOptions {
  readonly openPort: (config: DeviceConfig) => UntypedPort
  readonly log: Log
  readonly say: (event: BridgeEvent) => void
  readonly eventServers: Pick<DeviceEventServers, 'addresses' | 'heard' | 'close'>
  /** The row of this device is another than before. */
  readonly changed: () => void
}

/** Opens the port, which keeps trying by its restart strategy, and publishes from then on. */
export function startDevice(options: DeviceOptions): Device {
  const { config, topics, pipe, log, say, eventServers } = options
  const { name, contract } = config
  const namespace = `portwire:${name}`
  const events = createDeviceEvents(options)
  /** Ports so far: what an earlier one still says is about the past. */
  let ports = 0
  /** Sessions and restarts of the earlier ports. */
  const before = { sessions: 0, restarts: 0 }
  let lastExit: Exit | undefined
  /** Why the last session that was running ended; failed tries to open the port again do not count. */
  let lostBy: Exit | undefined
  let availability: 'online' | 'offline' | undefined
  let saidExit: string | undefined
  const recovery = createRecoveryLog(log, namespace)
  let restarting: Promise<void> | undefined
  let closing = false

  setAvailability('offline')
  // So that a client can offer the actions and format the events; of its own, as the list of devices is sent at every change.
  pipe.publishLatest({
    topic: topics.contract(name),
    payload: JSON.stringify(contract.definition),
    qos: 1,
    retain: true,
  })
  let port = open()

  function open(): UntypedPort {
    const opened = options.openPort(config)
    const mine = ++ports
    opened.watch((notice) => {
      if (mine === ports) heard(opened, notice)
    })
    for (const event of contract.events.values()) {
      const publish = event.acknowledged ? events.reliable : events.plain
      const take = (value: unknown, meta: EventMeta) => {
        eventServers.heard(event, value, meta)
        return publish(event, value, meta)
      }
      if (event.acknowledged) opened.consume(event.name, take, { ahead: LIMITS.eventsAhead })
      else opened.on(event.name, (value, meta) => void take(value, meta))
    }
    return opened
  }

  function heard(opened: UntypedPort, notice: PortNotice) {
    switch (notice.kind) {
      case 'state':
        return stateChanged(opened, notice.state, notice.exit)
      case 'log':
        return events.log({ severity: notice.severity, message: notice.text })
      case 'console':
        return events.log({ severity: 'debug', message: notice.text, source: 'console' })
      case 'events_lost':
        return say({ type: 'events_lost', data: { name, count: notice.count, reason: 'line' } })
      case 'events_dropped':
        return say({ type: 'events_dropped', data: { name, count: notice.count, reason: 'device_full' } })
      case 'refused':
        return log('warn', namespace, notice.problem)
      case 'recovery':
        return recovery.tried(notice.rung)
      case 'consumer_stopped':
        log('error', namespace, `reliable events are stopped: ${String(notice.error)}`)
        return say({ type: 'events_stopped', data: { name, event: notice.event } })
    }
  }

  function stateChanged(opened: UntypedPort, state: PortState, exit: Exit | undefined) {
    if (exit) exited(exit)
    if (state === 'running') running(opened)
    else setAvailability('offline')
    options.changed()
  }

  function exited(exit: Exit) {
    lastExit = exit
    if (availability === 'online') {
      lostBy = exit
      say({ type: 'device_exited', data: { name, reason: restartReason(exit), detail: describeExit(exit) } })
    }
    // Said once, not at every try: a board that is out for a night must not fill the log.
    const said = describeExit(exit)
    if (!closing && said !== saidExit) log('warn', namespace, said)
    saidExit = said
  }

  function running(opened: UntypedPort) {
    saidExit = undefined
    recovery.recovered()
    setAvailability('online')
    const { restarts, device } = opened.info()
    log(
      'info',
      namespace,
      `running${device?.firmwareVersion === undefined ? '' : `, firmware ${device.firmwareVersion}`}`,
    )
    if (!lostBy) return
    const data = {
      name,
      attempt: before.restarts + restarts,
      reason: restartReason(lostBy),
      ...(device && { reset_cause: device.resetCause }),
    }
    say({ type: 'device_restarted', data })
  }

  function setAvailability(state: 'online' | 'offline') {
    if (state === availability) return
    availability = state
    pipe.publishLatest({ topic: topics.availability(name), payload: JSON.stringify({ state }), qos: 1, retain: true })
  }

  async function restart() {
    await port.close()
    if (closing) return
    const { session, restarts } = port.info()
    before.sessions += session
    before.restarts += restarts + 1
    port = open()
    options.changed()
  }

  async function close() {
    closing = true
    setAvailability('offline')
    await Promise.all([port.close(), eventServers.close()])
    events.flush()
  }

  return {
    name,
    row: () => ({ ...rowOf(config, port, before, lastExit), ...addressed(eventServers.addresses) }),
    async call(action, members, expiresInMs) {
      const found = contract.actions.get(action)
      if (!found) return refused(unknownAction(contract, action))
      if (expiresInMs !== undefined && expiresInMs <= 0) {
        return { result: 'expired', error: `${action}: the command expired before it was begun`, outcome: 'no' }
      }
      const callMs = config.callTimeoutMs ?? PORT_DEFAULTS.callTimeoutMs
      const expires = expiresInMs !== undefined && expiresInMs < callMs
      try {
        const args = argsFromJson(fieldsOf(found.args), members as Record<string, unknown>)
        const value = await port.call(action, args, { timeoutMs: expires ? expiresInMs : callMs })
        return { result: 'ok', data: resultToJson(found.result, value) }
      } catch (error) {
        return resultOfError(error, expires)
      }
    },
    restart() {
      restarting ??= restart().finally(() => {
        restarting = undefined
      })
      return restarting
    },
    close,
    async remove() {
      await close()
      for (const topic of [topics.state(name), topics.availability(name), topics.contract(name)]) {
        pipe.publishLatest({ topic, payload: '', qos: 1, retain: true })
      }
    },
  }
}

function addressed(addresses: readonly string[]): Pick<DeviceRow, 'event_servers'> {
  return addresses.length === 0 ? {} : { event_servers: addresses }
}

function rowOf(
  config: DeviceConfig,
  port: UntypedPort,
  before: { readonly sessions: number; readonly restarts: number },
  lastExit: Exit | undefined,
): DeviceRow {
  const { name, contract } = config
  const { link, state, session, restarts, device } = port.info()
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
  }
}

function unknownAction(contract: Contract, action: string): string {
  const names = [...contract.actions.keys()]
  return `no action named ${action}${didYouMean(action, names) || `; there are: ${names.join(', ')}`}`
}

function hex(value: number): string {
  return value.toString(16).padStart(8, '0')
}
