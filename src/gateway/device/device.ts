/** One device: a Port on one side, its topics on the other. */

import type { Contract } from '../../contract/index.js'
import { PortwireError } from '../../errors.js'
import { describeExit, type Exit } from '../../exit.js'
import type { EventMeta, PortNotice } from '../../port/index.js'
import type { PayloadFormat } from '../encoding.js'
import { LIMITS } from '../limits.js'
import type { Log } from '../log.js'
import { createDeviceCommands, type DeviceCommands, inQuarantine } from './commands.js'
import type { DeviceConfig } from './config.js'
import type { DeviceEventServers } from './event-servers.js'
import { createDeviceEvents, type DeviceEventsOptions } from './events.js'
import { restartReason } from './exit-reason.js'
import type { AboveQuota } from './quota.js'
import { createRecoveryLog } from './recovery-log.js'
import { type DeviceRow, rowOf } from './row.js'
import type { TtyClaims } from './tty-claims.js'
import type { UntypedPort } from './untyped-port.js'

export interface Device extends DeviceCommands {
  readonly name: string
  readonly contract: Contract
  readonly payload: PayloadFormat
  /** Commands that are retained at the broker are run as well. */
  readonly takesRetained: boolean
  row(): DeviceRow
  /** Ends the port and starts a new one. */
  restart(): Promise<void>
  /** Takes over what another config says of the same device and needs no new session: its quota. */
  adjust(config: DeviceConfig): void
  /** Resets the board itself, RESET and then a pulse on DTR; a program is ended. Resolves with how that life ended.
   * @throws PORT_EXITED  none runs */
  reset(): Promise<Exit>
  /** Says `offline` and ends the port. */
  close(): Promise<void>
  /** The same of a device that is no more: its retained topics are cleared. */
  remove(): Promise<void>
}

type StateNotice = Extract<PortNotice, { readonly kind: 'state' }>

/** A line on `bridge/event`. */
export interface BridgeEvent {
  readonly type:
    | 'device_restarted'
    | 'device_exited'
    | 'device_quarantined'
    | 'events_lost'
    | 'events_dropped'
    | 'events_paced'
    | 'events_stopped'
  readonly data: Readonly<Record<string, unknown>> & { readonly name: string }
}

export interface DeviceOptions extends Omit<DeviceEventsOptions, 'aboveQuota'> {
  readonly openPort: (config: DeviceConfig) => UntypedPort
  readonly log: Log
  readonly say: (event: BridgeEvent) => void
  readonly ttys: TtyClaims
  readonly eventServers: Pick<DeviceEventServers, 'addresses' | 'heard' | 'close'>
  /** The row of this device is another than before. */
  readonly changed: () => void
}

/** Opens the port, which keeps trying by its restart strategy, and publishes from then on. */
export function startDevice(options: DeviceOptions): Device {
  const { config, topics, pipe, log, say, eventServers, ttys } = options
  const { name, contract, target } = config
  const namespace = `portwire:${name}`
  const events = createDeviceEvents({
    ...options,
    aboveQuota(what, count) {
      say(
        what === 'paced'
          ? { type: 'events_paced', data: { name, count } }
          : { type: 'events_dropped', data: { name, count, reason: 'quota' } },
      )
      log('warn', namespace, `${count} events ${ABOVE_QUOTA[what]}: above the quota of the device (event_quota)`)
    },
  })
  /** Ports so far: what an earlier one still says is about the past. */
  let ports = 0
  /** Sessions and restarts of the earlier ports. */
  const before = { sessions: 0, restarts: 0 }
  let lastExit: Exit | undefined
  /** Why the last session that was running ended; failed tries to open the port again do not count. */
  let lostBy: Exit | undefined
  let availability: 'online' | 'offline' | undefined
  let saidExit: string | undefined
  /** Of the boot that the state is of. */
  let epoch: number | undefined
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
  /** Undefined in quarantine. */
  let port = open()

  function open(): UntypedPort | undefined {
    const owner = ttys.claim(config)
    if (owner !== undefined) {
      quarantined(owner)
      return undefined
    }
    const opened = openClaimed()
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

  function openClaimed(): UntypedPort {
    try {
      return options.openPort(config)
    } catch (error) {
      ttys.release(config)
      throw error
    }
  }

  function heard(opened: UntypedPort, notice: PortNotice) {
    switch (notice.kind) {
      case 'state':
        return stateChanged(opened, notice)
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

  /** Two names that lead to one tty: the first device keeps it, this one waits for a person. */
  function quarantined(owner: string) {
    log('error', namespace, `quarantined: its tty is that of ${owner}; mend the config, or request device/restart`)
    say({ type: 'device_quarantined', data: { name, owner } })
    setAvailability('offline')
    options.changed()
  }

  /** The names of ttys may lead elsewhere since it was opened. True: it is another device's now. */
  function leftToOwner(opened: UntypedPort, openPath: string | undefined): boolean {
    const owner = ttys.claim(config, openPath)
    if (owner === undefined) return false
    countBefore(opened)
    ports += 1
    port = undefined
    ttys.release(config)
    void opened.close()
    quarantined(owner)
    return true
  }

  function countBefore(last: UntypedPort) {
    const { session, restarts } = last.info()
    before.sessions += session
    before.restarts += restarts
  }

  function stateChanged(opened: UntypedPort, { state, exit, restartInMs }: StateNotice) {
    if (exit) exited(exit)
    const isBusy = exit?.kind === 'failed' && exit.error.code === 'PORT_BUSY'
    const openPath = state === 'running' ? opened.info().stream?.path : undefined
    if (!closing && (isBusy || state === 'running') && leftToOwner(opened, openPath)) return
    // Found by what it is, it may be at another tty the next time, and this one another board's.
    if (state !== 'running' && 'serial' in target && typeof target.serial !== 'string') ttys.release(config)
    if (state === 'running') running(opened)
    else setAvailability('offline')
    if (state === 'failed') recovery.gaveUp(restartInMs)
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
    stateIsOf(opened.info().device?.epoch)
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

  /** A board that has booted anew, or that this run of the gateway hears for the first time, is in a state that nobody knows. */
  function stateIsOf(boot: number | undefined) {
    if (boot === undefined || boot === epoch) return
    epoch = boot
    events.forget()
  }

  function setAvailability(state: 'online' | 'offline') {
    if (state === availability) return
    availability = state
    pipe.publishLatest({ topic: topics.availability(name), payload: JSON.stringify({ state }), qos: 1, retain: true })
  }

  async function restart() {
    const last = port
    await last?.close()
    // It went into quarantine meanwhile.
    if (closing || last !== port) return
    events.restarted()
    if (last) {
      countBefore(last)
      before.restarts += 1
    }
    port = open()
    options.changed()
  }

  const commands = createDeviceCommands({ config, port: () => port, merge: events.merge, clock: options.clock })

  async function close() {
    closing = true
    setAvailability('offline')
    // Now, as long as there is a broker to hear it, and again for what came until the port was closed.
    events.close()
    await Promise.all([port?.close(), eventServers.close()])
    events.close()
    ttys.release(config)
  }

  return {
    name,
    contract,
    payload: config.payload ?? 'json',
    takesRetained: config.retainedCommands === true,
    row: () => rowOf(config, port, before, lastExit, eventServers.addresses),
    call: commands.call,
    set: commands.set,
    get: commands.get,
    restart() {
      restarting ??= restart().finally(() => {
        restarting = undefined
      })
      return restarting
    },
    adjust: events.adjust,
    async reset() {
      if (!port) throw new PortwireError('PORT_EXITED', inQuarantine(name))
      return port.kill()
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

const ABOVE_QUOTA: Readonly<Record<AboveQuota, string>> = { dropped: 'were dropped', paced: 'had to wait' }
