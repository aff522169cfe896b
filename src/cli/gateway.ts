/** `portwire gateway`: with a config the gateway itself, without one the demonstration. */

import type { LogLevel } from '../gateway/log.js'
import { EXIT, type ExitCode, usageError } from './exit-code.js'
import { ended, type Io, printLine } from './io.js'
import { createLog, type LogFormat } from './log.js'

export interface GatewayCommand {
  readonly config: string | undefined
  /** Only look whether the config is usable, and print what it comes to. */
  readonly check: boolean
  readonly logFormat: LogFormat
  readonly logLevel: LogLevel | undefined
}

export async function gatewayCommand(io: Io, command: GatewayCommand): Promise<ExitCode> {
  if (command.config === undefined) {
    if (command.check) throw usageError('--check needs --config FILE: there is nothing to check without a file')
    const { demoCommand } = await import('./demo.js')
    return await demoCommand(io, await createLog(io, command.logFormat, command.logLevel ?? 'warn'))
  }
  const { loadConfig, startGateway } = await import('../gateway/index.js')
  let config = loadConfig(command.config)
  if (command.check) {
    printLine(io, JSON.stringify(effective(config), null, 2))
    return EXIT.ok
  }
  // What is below the level is left out by the gateway, which may be told another one.
  const log = await createLog(io, command.logFormat, 'debug')
  const { logLevel = 'info' } = command
  for (;;) {
    const again = new AbortController()
    const gateway = await startGateway(config, { log, logLevel, restart: () => again.abort() })
    await Promise.race([ended(io.signal), ended(again.signal)])
    await gateway.close()
    if (io.signal.aborted) return EXIT.ok
    try {
      config = loadConfig(command.config)
    } catch (error) {
      log('error', 'portwire:gateway', `the config is as before: ${(error as Error).message}`)
    }
  }
}

/** What the gateway would run on: defaults filled in, contracts by name and hash, the password not shown. */
function effective({
  mqtt,
  homeassistant,
  devices,
}: ReturnType<typeof import('../gateway/index.js').loadConfig>): unknown {
  return {
    mqtt: {
      ...mqtt,
      ...(mqtt.password !== undefined && { password: '(removed)' }),
      ...(mqtt.ca !== undefined && { ca: '(given)' }),
    },
    ...(homeassistant && { homeassistant }),
    devices: Object.fromEntries(
      devices.map(({ name, contract, ...device }) => [
        name,
        {
          ...device,
          contract: `${contract.name} ${contract.version} (${contract.hash.toString(16).padStart(8, '0')})`,
        },
      ]),
    ),
  }
}
