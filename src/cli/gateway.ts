/** `portwire gateway`: with a config the gateway itself, without one the demonstration. */

import { isMainThread } from 'node:worker_threads'
import { systemClock } from '../clock.js'
import { PortwireError } from '../errors.js'
import type { Gateway, GatewayConfig } from '../gateway/index.js'
import { isLogged, type LogLevel } from '../gateway/log.js'
import { printableJson } from '../gateway/printable.js'
import { EXIT, type ExitCode, usageError } from './exit-code.js'
import { ended, type Io, printLine } from './io.js'
import { createLog, type LogFormat } from './log.js'

/** Before a start that found something taken is tried again. */
const RESTART_PAUSE_MS = 1_000

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
  // From the first moment on: one that nobody listens to would end the program, and with 0, as if it had been asked to.
  const reloads = createReloads(io, !command.check && !command.mosquittoAcl)
  const { aclOf, effectiveConfig, loadConfig } = await import('../gateway/index.js')
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
  return await runGateway(io, path, config, command, reloads)
}

/** Until it is ended; a gateway that is asked to start again is followed by another, with the config as it is then. */
async function runGateway(
  io: Io,
  path: string,
  first: GatewayConfig,
  command: GatewayCommand,
  reloads: Reloads,
): Promise<ExitCode> {
  const { loadConfig, startGateway } = await import('../gateway/index.js')
  let config = first
  for (let isAgain = false; ; isAgain = true) {
    // What is below the level is left out by the gateway, which may be told another one.
    const log = await createLog(io, command.logFormat ?? config.log?.format ?? 'text', 'debug')
    const logLevel = command.logLevel ?? config.log?.level ?? 'info'
    if (config.migratedFrom !== undefined && isLogged('warn', logLevel)) {
      log('warn', 'portwire:config', `${path} is of version ${config.migratedFrom}: read as the newest; write it anew`)
    }
    // Told to end before anything was begun: no board is to be opened, and reset, for nothing.
    if (io.signal.aborted) return EXIT.ok
    const again = new AbortController()
    let gateway: Gateway | undefined
    try {
      gateway = await startGateway(config, { log, logLevel, restart: () => again.abort() })
    } catch (error) {
      // The gateway before may not have let go of everything yet, or an address may not be there: what ran must not end by having
      // been asked to start again.
      if (!isAgain || !(error instanceof PortwireError)) throw error
      log('error', 'portwire:gateway', `it cannot be started again yet: ${error.message}`)
      systemClock.after(RESTART_PAUSE_MS, () => again.abort())
    }
    const running = gateway
    reloads.goTo(running && (() => void running.reload(() => loadConfig(path))))
    await Promise.race([ended(io.signal), ended(again.signal)])
    reloads.goTo(undefined)
    await running?.close()
    if (io.signal.aborted) return EXIT.ok
    try {
      config = loadConfig(path)
    } catch (error) {
      log('error', 'portwire:config', `the config is as before: ${(error as Error).message}`)
    }
  }
}

interface Reloads {
  /** Who is asked from now on; undefined: nobody is there, what is asked waits for the next. */
  goTo(reload: (() => void) | undefined): void
}

function createReloads(io: Io, isWanted: boolean): Reloads {
  let current: (() => void) | undefined
  let askedEarly = false
  if (isWanted) {
    io.onReload?.(() => {
      if (current) current()
      else askedEarly = true
    })
  }
  return {
    goTo(reload) {
      current = reload
      if (!askedEarly || !reload) return
      askedEarly = false
      reload()
    },
  }
}

/** Files that the gateway makes, and those of the programs that it spawns, are not for others, whatever it was started with. */
function ownerOnly(): void {
  if (isMainThread) process.umask(process.umask(0o077) | 0o077)
}
