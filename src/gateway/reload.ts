/** A new config while the gateway runs: it is checked first, and then only the devices that changed are touched. */

import { type ConfigChanges, changesBetween } from './config/changes.js'
import type { GatewayConfig } from './config.js'
import type { DeviceConfig } from './device/config.js'
import type { Device } from './device/device.js'
import type { Log } from './log.js'

export type { ConfigChanges } from './config/changes.js'

/** Said on `bridge/event`. */
export type ConfigEvent =
  | { readonly type: 'config_reloaded'; readonly data: ConfigChanges }
  /** Nothing was changed. */
  | { readonly type: 'config_refused'; readonly data: { readonly problem: string } }

export interface ReloaderOptions {
  readonly config: GatewayConfig
  readonly devices: Map<string, Device>
  readonly start: (config: DeviceConfig) => Promise<Device>
  /** The names in force, before those that are new are started. */
  readonly subscribe: (names: readonly string[]) => void
  readonly say: (event: ConfigEvent) => void
  /** The config in force is another. */
  readonly changed: (config: GatewayConfig) => void
  readonly log: Log
}

export interface Reloader {
  /** Runs one after the other. Never rejects.
   * @param load  reads and checks the new config; what it throws is said, and changes nothing
   * @returns what came of it; undefined when it was refused, or the gateway is closing */
  reload(load: () => GatewayConfig): Promise<ConfigChanges | undefined>
  /** No further reload begins; resolves when one that is under way is over. */
  close(): Promise<void>
}

const NAMESPACE = 'portwire:config'

export function createReloader(options: ReloaderOptions): Reloader {
  const { devices, start, say, log } = options
  let config = options.config
  let closing = false
  let last: Promise<unknown> = Promise.resolve()

  function refuse(problem: string): undefined {
    log('error', NAMESPACE, `the new config is refused, the old one stays in force: ${problem}`)
    say({ type: 'config_refused', data: { problem } })
    return undefined
  }

  /** What a device takes over as it runs; and the tty of one in quarantine may be free now. */
  function goOn(config: DeviceConfig) {
    const device = devices.get(config.name)
    device?.adjust(config)
    if (!closing && device?.row().state === 'quarantined') void device.restart()
  }

  async function reload(load: () => GatewayConfig): Promise<ConfigChanges | undefined> {
    if (closing) return undefined
    let next: GatewayConfig
    try {
      next = load()
    } catch (error) {
      return refuse((error as Error).message.replace(/^CONFIG_INVALID: /, ''))
    }
    const changes = withMissing(changesBetween(config, next), devices)
    const retained = new Set(config.devices.filter(({ retain }) => retain).map(({ name }) => name))
    // What needs a restart stays as it is, and is said again at the next reload.
    config = { ...config, devices: next.devices, shown: next.shown }
    // All of the old first: a tty may go from one device to another.
    await Promise.all([
      ...changes.changed.map((name) => {
        // A state that is retained no longer would stay for ever.
        const clears = retained.has(name) && next.devices.some((device) => device.name === name && !device.retain)
        return clears ? devices.get(name)?.remove() : devices.get(name)?.close()
      }),
      ...changes.removed.map((name) => devices.get(name)?.remove()),
    ])
    for (const name of [...changes.removed, ...changes.changed]) devices.delete(name)
    options.subscribe(config.devices.map(({ name }) => name))
    const fresh = new Set([...changes.changed, ...changes.added])
    for (const device of config.devices) {
      if (!fresh.has(device.name) || closing) continue
      try {
        devices.set(device.name, await start(device))
      } catch (error) {
        log('error', `portwire:${device.name}`, `it could not be started: ${(error as Error).message}`)
      }
    }
    for (const device of config.devices) {
      if (changes.kept.includes(device.name)) goOn(device)
    }
    // `online` must not be said after the `offline` of the end.
    if (closing) return undefined
    options.changed(config)
    log('info', NAMESPACE, summary(changes))
    if (changes.needsRestart.length > 0) {
      const keys = changes.needsRestart.join(', ')
      log('warn', NAMESPACE, `${keys}: the change is taken over when the gateway is started again, not before`)
    }
    say({ type: 'config_reloaded', data: changes })
    return changes
  }

  return {
    reload(load) {
      const result = last.then(() => reload(load))
      last = result
      return result
    },
    async close() {
      closing = true
      await last
    },
  }
}

/** A device that could not be started the last time is tried again. */
function withMissing(changes: ConfigChanges, devices: ReadonlyMap<string, Device>): ConfigChanges {
  const missing = changes.kept.filter((name) => !devices.has(name))
  const kept = changes.kept.filter((name) => devices.has(name))
  return { ...changes, kept, changed: [...changes.changed, ...missing] }
}

function summary({ kept, changed, added, removed }: ConfigChanges): string {
  const parts = Object.entries({ kept, changed, added, removed }).filter(([, names]) => names.length > 0)
  const said = parts.map(([what, names]) => `${what}: ${names.join(', ')}`)
  return `the config was read again; devices ${said.join('; ') || 'there are none'}`
}
