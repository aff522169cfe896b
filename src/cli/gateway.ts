/** `portwire gateway`: with a config the gateway itself, without one the demonstration. */

import type { LogLevel } from '../gateway/log.js'
import { EXIT, type ExitCode, usageError } from './exit-code.js'
import { ended, type Io, printLine } from './io.js'
import { createLog, type LogFormat } from './log.js'

export interface GatewayCommand {
  readonly config: string | undefined
  /** Only look whether the config is usable, and print what it comes to. */
  readonly check: boolean
  /** Only print who may do what, for Mosquitto. */
  readonly mosquittoAcl: boolean
  readonly logFormat: LogFormat
  readonly logLevel: LogLevel | undefined
}

export async function gatewayCommand(io: Io, command: GatewayCommand): Promise<ExitCode> {
  if (command.config === undefined) {
    if (command.mosquittoAcl) throw usageError('--mosquitto-acl needs --config FILE: it has the users and devices')
    if (command.check) throw usageError('--check needs --config FILE: there is nothing to check without a file')
    const { demoCommand } = await import('./demo.js')
    return await demoCommand(io, await createLog(io, command.logFormat, command.logLevel ?? 'warn'))
  }
  const { aclOf, loadConfig, startGateway } = await import('../gateway/index.js')
  const config = loadConfig(command.config)
  if (command.mosquittoAcl) {
    io.stdout.write(aclOf(config))
    return EXIT.ok
  }
  if (command.check) {
    printLine(io, JSON.stringify(effective(config), null, 2))
    return EXIT.ok
  }
  const gateway = await startGateway(config, {
    log: await createLog(io, command.logFormat, command.logLevel ?? 'info'),
  })
  await ended(io.signal)
  await gateway.close()
  return EXIT.ok
}

/** What the gateway would run on: defaults filled in, contracts by name and hash, the password not shown. */
function effective({ mqtt, devices }: ReturnType<typeof import('../gateway/index.js').loadConfig>): unknown {
  return {
    mqtt: {
      ...mqtt,
      ...(mqtt.password !== undefined && { password: '(removed)' }),
    },
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
