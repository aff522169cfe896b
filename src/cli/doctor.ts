/** `portwire doctor`: what keeps a board from being opened, and the command that cures it. */

import { join, resolve } from 'node:path'
import type { GatewayConfig } from '../gateway/index.js'
import { printable, printableJson } from '../gateway/printable.js'
import { requiredNode } from '../gateway/version.js'
import { findDevice, listSerialDevices, type SerialDevice, type SerialIdentity } from '../link/index.js'
import { checkGrabbers, checkNode, checkPort, type Finding } from './doctor/checks.js'
import { type Machine, thisMachine } from './doctor/machine.js'
import { EXIT, type ExitCode, explain, usageError } from './exit-code.js'
import { type Io, printLine } from './io.js'

export interface DoctorCommand {
  /** Serial ports; none: those of the config, else all. */
  readonly paths: readonly string[]
  readonly config: string | undefined
  readonly json: boolean
}

/** @returns ok, runtime when there is a problem, usage when the config is what is wrong */
export async function doctorCommand(
  io: Io,
  command: DoctorCommand,
  machine: Machine = thisMachine(),
): Promise<ExitCode> {
  if (command.paths.includes('')) throw usageError("expected the path of a port such as /dev/ttyACM0, got ''")
  const config = command.config === undefined ? undefined : await checkConfig(command.config)
  const devices = await listSerialDevices({
    ...(machine.list ? { list: machine.list } : machine.root === '/' ? {} : { list: () => Promise.reject() }),
    sysfs: join(machine.root, 'sys/class/tty'),
    links: join(machine.root, 'dev/serial'),
  })
  const findings = [
    checkNode(machine, requiredNode()),
    ...(config ? [config.finding] : []),
    ...(await checkGrabbers(machine)),
    ...(await checkPorts(command.paths, config?.config, machine, devices)),
  ]
  if (command.json) printLine(io, printableJson(JSON.stringify(findings)))
  else for (const line of findings.flatMap(lines)) printLine(io, line)
  if (config?.finding.status === 'problem') return EXIT.usage
  return findings.some(({ status }) => status === 'problem') ? EXIT.runtime : EXIT.ok
}

async function checkConfig(path: string): Promise<{ readonly finding: Finding; readonly config?: GatewayConfig }> {
  const { loadConfig } = await import('../gateway/index.js')
  try {
    const config = loadConfig(path)
    const message = `${path}: usable, ${config.devices.length} devices`
    return { config, finding: { check: 'config', status: 'ok', message } }
  } catch (error) {
    const message = explain(error).line.replace(/^portwire: /, '')
    return {
      finding: { check: 'config', status: 'problem', message, cure: `portwire gateway --check --config ${path}` },
    }
  }
}

async function checkPorts(
  paths: readonly string[],
  config: GatewayConfig | undefined,
  machine: Machine,
  devices: readonly SerialDevice[],
): Promise<Finding[]> {
  const targets = config?.devices.flatMap(({ target }) => ('serial' in target ? [target.serial] : []))
  const wanted: readonly (string | SerialIdentity)[] =
    paths.length > 0 ? paths : (targets ?? devices.map(({ path }) => path))
  if (wanted.length === 0 && !config) {
    const message = 'no serial port is there: plug a board in, with a cable that carries data'
    return [{ check: 'port', status: 'note', message, cure: 'portwire list' }]
  }
  const findings = await Promise.all(
    wanted.map(async (port) => {
      try {
        const path = typeof port === 'string' ? resolve(port) : findDevice(port, devices).path
        return await checkPort(
          machine,
          path,
          devices.find((device) => [device.path, device.byId, device.byPath].includes(path)),
        )
      } catch (error) {
        const message = explain(error).line.replace(/^portwire: /, '')
        return [{ check: 'port', status: 'problem', message, cure: 'portwire list' } as const]
      }
    }),
  )
  return findings.flat()
}

const MARK = { ok: 'ok  ', note: 'note', problem: 'FAIL' } as const

function lines({ status, message, cure }: Finding): string[] {
  return [`${MARK[status]}  ${printable(message)}`, ...(cure === undefined ? [] : [`        ${printable(cure)}`])]
}
