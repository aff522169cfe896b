/** `portwire gateway`: with a config the gateway itself, without one the demonstration. */

import { isMainThread } from 'node:worker_threads'
import type { Gateway } from '../gateway/index.js'
import type { LogLevel } from '../gateway/log.js'
import { printableJson } from '../gateway/printable.js'
import { EXIT, type ExitCode, usageError } from './exit-code.js'
import { ended, type Io, printLine } from './io.js'
import { createLog, type LogFormat } from './log.js'

export interface GatewayCommand {
  readonly config: string | undefined
  /** Only look whether the config is usable, and print what it comes to. */
  readonly check: boolean
  /** Only print who may do what, for Mosquitto. */
  readonly mosquittoAcl: boolean
  /** Only print the JSON Schema of the config. */
  readonly schema: boolean
  readonly logFormat: LogFormat | undefined
  readonly logLevel: LogLevel | undefined
}

export async function gatewayCommand(io: Io, command: GatewayCommand): Promise<ExitCode> {
  const { config: path, logFormat, logLevel } = command
  if (command.schema) {
    const { configJsonSchema } = await import('../gateway/index.js')
    printLine(io, JSON.stringify(configJsonSchema(), null, 2))
    return EXIT.ok
  }
  if (path === undefined) {
    if (command.mosquittoAcl) throw usageError('--mosquitto-acl needs --config FILE: it has the users and devices')
    if (command.check) throw usageError('--check needs --config FILE: there is nothing to check without a file')
    const { demoCommand } = await import('./demo.js')
    return await demoCommand(io, await createLog(io, logFormat ?? 'text', logLevel ?? 'warn'))
  }
  const { aclOf, effectiveConfig, loadConfig, startGateway } = await import('../gateway/index.js')
  const config = loadConfig(path)
  if (command.mosquittoAcl) {
    io.stdout.write(aclOf(config))
    return EXIT.ok
  }
  if (command.check) {
    // Its names of files and programs are foreign text, too.
    const lines = JSON.stringify(effectiveConfig(config), null, 2).split('\n')
    printLine(io, lines.map(printableJson).join('\n'))
    return EXIT.ok
  }
  ownerOnly()
  let gateway: Gateway | undefined
  let askedEarly = false
  const reload = () => {
    if (gateway) void gateway.reload(() => loadConfig(path))
    else askedEarly = true
  }
  io.onReload?.(reload)
  const log = await createLog(io, logFormat ?? config.log?.format ?? 'text', logLevel ?? config.log?.level ?? 'info')
  if (config.migratedFrom !== undefined) {
    log('warn', 'portwire:config', `${path} is of version ${config.migratedFrom}: read as the newest; write it anew`)
  }
  gateway = await startGateway(config, { log })
  if (askedEarly) reload()
  await ended(io.signal)
  await gateway.close()
  return EXIT.ok
}

/** Files that the gateway makes, and those of the programs that it spawns, are not for others, whatever it was started with. */
function ownerOnly(): void {
  if (isMainThread) process.umask(process.umask(0o077) | 0o077)
}
