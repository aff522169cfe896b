/** The command line: which commands there are, and what each is given. The commands themselves are loaded when they are run, so
 * that `--help` stays fast. */

import { Command, CommanderError, Option } from 'commander'
import { LOG_LEVELS, type LogLevel } from '../gateway/log.js'
import { packageVersion } from '../gateway/version.js'
import { EXIT, type ExitCode, explain } from './exit-code.js'
import { type GenerateOptions, generateOptions } from './generate-options.js'
import { type Io, sayLine } from './io.js'
import { baudRate, durationMs, filePath } from './option-values.js'
import { type StdioOptions, stdioOptions } from './stdio-options.js'

/** Runs one command and returns its exit code. Never rejects.
 * @param args  without the program's own two, as process.argv.slice(2) */
export async function run(args: readonly string[], io: Io): Promise<ExitCode> {
  let code: ExitCode = EXIT.ok
  const program = createProgram(io, (ended) => {
    code = ended
  })
  try {
    if (args.length === 0) {
      io.stdout.write(program.helpInformation())
      return EXIT.ok
    }
    await program.parseAsync([...args], { from: 'user' })
    return code
  } catch (error) {
    if (error instanceof CommanderError) return usageLine(io, program, error, args)
    const { line, code } = explain(error)
    sayLine(io, line)
    return code
  }
}

function createProgram(io: Io, done: (code: ExitCode) => void): Command {
  const program = new Command('portwire')
    .description('Treat a microcontroller like a process.')
    .version(packageVersion())
    .exitOverride()
    // Errors are said by usageLine, in one line.
    .configureOutput({ writeOut: (text) => void io.stdout.write(text), writeErr: () => {} })
    .showSuggestionAfterError(true)

  program
    .command('list')
    .description('the serial ports that are there')
    .option('--json', 'one JSON array', false)
    .action(async (options: { json: boolean }) => {
      const { listCommand } = await import('./list.js')
      done(await listCommand(io, options))
    })

  device(program.command('call'))
    .description('one call; its result on stdout. Without an action: what there is to call')
    .argument('[action]', 'an action of the contract; without, what the device offers is listed')
    .argument('[arguments...]', 'name=value ..., or one JSON object')
    .addOption(
      new Option('--timeout <duration>', 'from the making of the call to its end')
        .argParser(durationMs)
        .default(5_000, '5s'),
    )
    .action(
      async (
        name: string,
        action: string | undefined,
        words: string[],
        options: DeviceOptions & { timeout: number },
      ) => {
        const { callCommand } = await import('./call.js')
        done(await callCommand(io, { ...deviceOptions(name, options), action, words, timeoutMs: options.timeout }))
      },
    )

  device(program.command('monitor'))
    .description('events, log lines and states, live')
    .action(async (name: string, options: DeviceOptions) => {
      const { monitorCommand } = await import('./monitor.js')
      done(await monitorCommand(io, deviceOptions(name, options)))
    })

  program
    .command('gateway')
    .description('the MQTT gateway; without --config a demonstration on an emulated board')
    .option('--config <file>', 'YAML or JSON; docs/gateway.md lists the keys', filePath)
    .option('--check', 'only look whether the config is usable, and print what it comes to', false)
    .option('--mosquitto-acl', 'only print who may do what, as an acl_file of Mosquitto', false)
    .option('--schema', 'only print the JSON Schema of the config', false)
    .addOption(new Option('--log <format>', 'of log lines on stderr; default text').choices(['text', 'json']))
    .addOption(new Option('--log-level <level>', 'least level of log lines').choices([...LOG_LEVELS]))
    .action(async (options: GatewayOptions) => {
      const { gatewayCommand } = await import('./gateway.js')
      done(
        await gatewayCommand(io, {
          config: options.config,
          check: options.check,
          mosquittoAcl: options.mosquittoAcl,
          schema: options.schema,
          logFormat: options.log,
          logLevel: options.logLevel,
        }),
      )
    })

  program
    .command('passwd')
    .description('reads a password from stdin and prints its hash, for mqtt.embedded.users')
    .action(async () => {
      const { passwdCommand } = await import('./passwd.js')
      done(await passwdCommand(io))
    })

  program
    .command('doctor')
    .description('looks for what keeps a board from being opened, and says the command that cures it')
    .argument('[paths...]', 'serial ports; default: those of the config, else all that are there')
    .option('--config <file>', 'of a gateway: it is checked as well', filePath)
    .option('--json', 'one JSON array', false)
    .action(async (paths: string[], options: { config?: string; json: boolean }) => {
      const { doctorCommand } = await import('./doctor.js')
      done(await doctorCommand(io, { paths, config: options.config, json: options.json }))
    })

  generateOptions(program.command('generate')).action(async (files: string[], options: GenerateOptions) => {
    const { generateCommand } = await import('./generate.js')
    const { baud: baudRate, readyTimeout: readyTimeoutMs, mqtt: mqttUrl, ...given } = options
    const { from, cpp, ts, json, yaml, first } = options
    const outputs = { from, cpp, ts, json, yaml, first }
    done(await generateCommand(io, { ...given, ...outputs, files, baudRate, readyTimeoutMs, mqttUrl }))
  })

  stdioOptions(program.command('stdio')).action(async (options: StdioOptions) => {
    const { stdioCommand } = await import('./stdio.js')
    done(await stdioCommand(io, options))
  })

  return program
}

interface GatewayOptions {
  readonly config?: string
  readonly check: boolean
  readonly mosquittoAcl: boolean
  readonly schema: boolean
  readonly log?: 'text' | 'json'
  readonly logLevel?: LogLevel
}

interface DeviceOptions {
  readonly json: boolean
  readonly baud?: number
  readonly contract?: string
  readonly readyTimeout?: number
  readonly mqtt: string
  readonly baseTopic: string
}

/** What call and monitor share: how to reach a device. */
function device(command: Command): Command {
  return command
    .argument('<device>', 'a path like /dev/ttyACM0, or the name of a device behind a gateway')
    .option('--json', 'JSON, one value a line', false)
    .option('--baud <rate>', 'of a path; default 115200', baudRate)
    .option('--contract <file>', 'of a path: JSON, YAML or a module; default: the board tells its own')
    .option('--ready-timeout <duration>', 'of a path: from opening to hello; default 10s', durationMs)
    .option('--mqtt <url>', 'broker of the gateway', 'mqtt://127.0.0.1:1883')
    .option('--base-topic <topic>', 'of the gateway', 'portwire')
}

function deviceOptions(name: string, options: DeviceOptions) {
  return {
    device: name,
    json: options.json,
    baudRate: options.baud,
    contractFile: options.contract,
    readyTimeoutMs: options.readyTimeout,
    mqttUrl: options.mqtt,
    baseTopic: options.baseTopic,
  }
}

/** commander's own text, without its `error:`, on one line, with the way on. Help and version end up here as well. */
function usageLine(io: Io, program: Command, error: CommanderError, args: readonly string[]): ExitCode {
  if (error.exitCode === 0) return EXIT.ok
  const [text, ...more] = error.message.replace(/^error: /, '').split('\n')
  const suggestion = more
    .map((line) => line.trim())
    .join(' ')
    .replace(/^\(Did you mean (.*)\?\)$/, ' (did you mean $1?)')
  const commands = program.commands.map((command) => command.name())
  const named = commands.find((name) => name === args[0])
  const there =
    error.code === 'commander.unknownCommand' && suggestion === '' ? `; there are: ${commands.join(', ')}` : ''
  sayLine(
    io,
    `portwire: ${text?.replace(/\.$/, '')}${suggestion}${there}; see portwire ${named ? `${named} ` : ''}--help`,
  )
  return EXIT.usage
}
