/** What keeps a board from being opened, each with the command that cures it. Nothing is opened: that would reset boards. */

import { join } from 'node:path'
import { holderOf, type SerialDevice } from '../../link/index.js'
import { fileOf, groupsOf, type Machine, processCalled } from './machine.js'

export interface Finding {
  readonly check: 'node' | 'config' | 'port' | 'permission' | 'holder' | 'reset' | 'modem_manager' | 'brltty'
  /** note: nothing is wrong, and still it is good to know. */
  readonly status: 'ok' | 'note' | 'problem'
  readonly message: string
  /** A command for a shell. */
  readonly cure?: string
}

/** @param least  `20.19` */
export function checkNode({ node, libuv }: Machine, least: string): Finding {
  const [major = 0, minor = 0] = node.split('.').map(Number)
  const [leastMajor = 0, leastMinor = 0] = least.split('.').map(Number)
  const isEnough = major > leastMajor || (major === leastMajor && minor >= leastMinor)
  const message = `Node.js ${node}, libuv ${libuv}`
  if (isEnough) return { check: 'node', status: 'ok', message }
  return {
    check: 'node',
    status: 'problem',
    message: `${message}: ${least} or newer is needed`,
    cure: 'nvm install --lts',
  }
}

/** Programs that take new serial ports for their own, and write to them. */
export async function checkGrabbers(machine: Machine): Promise<Finding[]> {
  const [modemManager, brltty] = [await processCalled(machine, 'ModemManager'), await processCalled(machine, 'brltty')]
  const grabber = (
    check: Finding['check'],
    name: string,
    pid: number | undefined,
    why: string,
    cure: string,
  ): Finding =>
    pid === undefined
      ? { check, status: 'ok', message: `${name} does not run` }
      : { check, status: 'problem', message: `${name} runs (process ${pid}): ${why}`, cure }
  return [
    grabber(
      'modem_manager',
      'ModemManager',
      modemManager,
      'it opens new serial ports and asks whether they are modems',
      'sudo systemctl disable --now ModemManager',
    ),
    grabber(
      'brltty',
      'brltty',
      brltty,
      'it takes CH340, CP210x and FTDI converters for braille displays',
      'sudo systemctl mask --now brltty-udev.service brltty.service',
    ),
  ]
}

/** @param device  what is known of it, if it is listed */
export async function checkPort(machine: Machine, path: string, device?: SerialDevice): Promise<Finding[]> {
  let file: Awaited<ReturnType<typeof fileOf>>
  try {
    file = await fileOf(machine, path)
  } catch {
    return [{ check: 'port', status: 'problem', message: `${path}: there is no such port`, cure: 'portwire list' }]
  }
  const findings = [await permission(machine, path, file), await holder(machine, path)]
  return device?.vendorId === undefined ? findings : [...findings, reset(path, device)]
}

async function permission(
  machine: Machine,
  path: string,
  { mode, uid, gid }: Awaited<ReturnType<typeof fileOf>>,
): Promise<Finding> {
  const group = (await groupsOf(machine)).get(gid)
  const owner = group ? `the group ${group.name} (GID ${gid})` : `GID ${gid}, a group without a name here`
  const message = `${path}: belongs to ${owner}`
  const bits = machine.uid === uid ? mode >> 6 : machine.gids.includes(gid) ? mode >> 3 : mode
  if (machine.uid === 0 || (bits & 0o6) === 0o6) return { check: 'permission', status: 'ok', message }
  const refused = (why: string, cure: string): Finding => ({
    check: 'permission',
    status: 'problem',
    message: `${message}; ${why}`,
    cure,
  })
  if (machine.gids.includes(gid) || machine.uid === uid) {
    return refused('its mode does not let them read and write', `sudo chmod 660 ${path}`)
  }
  if (!group) {
    return refused('inside a container the number is what counts', `docker run --group-add ${gid} --device ${path} …`)
  }
  if (group.members.includes(machine.user)) {
    return refused(`${machine.user} is in it, but was not yet when this session began`, `newgrp ${group.name}`)
  }
  return refused(
    `${machine.user} is not in it`,
    `sudo usermod -aG ${group.name} ${machine.user} && newgrp ${group.name}`,
  )
}

async function holder(machine: Machine, path: string): Promise<Finding> {
  const found = await holderOf(join(machine.root, path), join(machine.root, 'proc'))
  if (!found) return { check: 'holder', status: 'ok', message: `${path}: nobody has it open` }
  const message = `${path}: ${found.command} (process ${found.pid}) has it open`
  return { check: 'holder', status: 'problem', message, cure: `kill ${found.pid}` }
}

/** HUPCL cannot be looked at without opening the port, which is what resets the board. */
function reset(path: string, { vendorId }: SerialDevice): Finding {
  const rule = `ACTION=="add", SUBSYSTEM=="tty", ATTRS{idVendor}=="${vendorId}", RUN+="/bin/stty -F /dev/%k -hupcl"`
  return {
    check: 'reset',
    status: 'note',
    message: `${path}: opening it resets a board that has its reset on DTR, such as an Uno; not when HUPCL is off`,
    cure: `echo '${rule}' | sudo tee /etc/udev/rules.d/99-portwire.rules`,
  }
}
