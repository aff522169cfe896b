/** The event servers of a device: its events over TCP, beside MQTT. What they drop is said, not one by one. */

import type { Clock } from '../../clock.js'
import type { Contract, Event } from '../../contract/index.js'
import {
  createFeed,
  type EventDrop,
  type EventServer,
  type EventSource,
  startEventServer,
} from '../../event-server/index.js'
import type { EventMeta } from '../../port/index.js'
import { LIMITS } from '../limits.js'
import { createLosses } from '../losses.js'
import type { DeviceConfig, EventServerConfig } from './config.js'

export interface DeviceEventServers {
  /** `host:port` of each, in the order of the config. */
  readonly addresses: readonly string[]
  /** The device sent an event, over whichever port it has at the moment. */
  heard(event: Event, value: unknown, meta: EventMeta): void
  close(): Promise<void>
}

interface DeviceEventServersOptions {
  readonly contract: Contract
  readonly servers: readonly EventServerConfig[]
  readonly dropped: (reason: EventDrop, count: number) => void
  readonly clock: Clock
}

/** How a drop is said: `reason` in `events_dropped` on `bridge/event`, the rest in the log. */
export const EVENT_DROP: Readonly<Record<EventDrop, { readonly reason: string; readonly because: string }>> = {
  full: { reason: 'subscriber_full', because: 'the subscriber of its event server does not read' },
  too_large: { reason: 'too_large', because: 'longer than the packets of its event server' },
  unencodable: { reason: 'unencodable', because: 'beyond what an event may hold' },
}

/** Of all devices, by name.
 * @throws PORT_BUSY, PERMISSION_DENIED, PORT_FAILED  one address cannot be listened at; none is then */
export async function startEventServers(
  devices: readonly DeviceConfig[],
  clock: Clock,
  dropped: (name: string, reason: EventDrop, count: number) => void,
): Promise<ReadonlyMap<string, DeviceEventServers>> {
  const started = new Map<string, DeviceEventServers>()
  try {
    for (const { name, contract, eventServers: servers = [] } of devices) {
      const say = (reason: EventDrop, count: number) => dropped(name, reason, count)
      started.set(name, await startDeviceEventServers({ contract, servers, clock, dropped: say }))
    }
    return started
  } catch (error) {
    for (const servers of started.values()) await servers.close()
    throw error
  }
}

/** Resolves when all of them listen.
 * @throws PORT_BUSY, PERMISSION_DENIED, PORT_FAILED  one cannot; none does then */
async function startDeviceEventServers(options: DeviceEventServersOptions): Promise<DeviceEventServers> {
  const { contract, servers, clock, dropped } = options
  const listeners = new Map<string, (value: unknown, meta: EventMeta) => void | Promise<void>>()
  const listen: EventSource['on'] = (event, listener) => {
    listeners.set(event, listener)
    return () => void listeners.delete(event)
  }
  const feed = createFeed({ on: listen, consume: listen }, contract)
  const losses = createLosses<EventDrop>({ clock, afterMs: LIMITS.lossesSaidMs, say: dropped })
  const started: EventServer[] = []
  const close = async () => {
    losses.close()
    await Promise.all(started.map((server) => server.close()))
  }
  try {
    for (const server of servers) {
      started.push(await startEventServer(feed, { ...server, dropped: (reason) => losses.add(reason) }))
    }
  } catch (error) {
    await close()
    throw error
  }
  return {
    addresses: started.map(({ address }) => `${address.host}:${address.port}`),
    heard: (event, value, meta) => void listeners.get(event.name)?.(value, meta),
    close,
  }
}
