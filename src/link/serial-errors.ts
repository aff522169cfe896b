/** What a failed open of a serial port means, said so that a person knows what to do. */

import { readdir, readFile, readlink, realpath, stat } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { PortwireError } from '../errors.js'

/** Maps the texts of bindings-cpp, which has no codes, to ours.
 * @param isFile  the path is one of this machine's, so that its owner and its holder can be looked up */
export async function serialOpenError(path: string, cause: Error, isFile: boolean): Promise<PortwireError> {
  const text = cause.message
  if (/no such file|file not found|ENOENT/i.test(text)) {
    return new PortwireError('PORT_NOT_FOUND', `there is no serial port ${path}`, { cause })
  }
  if (/permission denied|access denied|EACCES/i.test(text)) return permissionError(path, cause, isFile)
  if (/cannot lock port|resource busy|temporarily unavailable|EBUSY/i.test(text)) {
    const holder = isFile ? await holderOf(path) : undefined
    const who = holder ? `process ${holder.pid} (${holder.command})` : 'another process'
    return new PortwireError('PORT_BUSY', `${path} is in use by ${who}`, { cause })
  }
  if (/inappropriate ioctl|not a tty|ENOTTY/i.test(text)) {
    return new PortwireError('PORT_FAILED', `${path} is not a serial port`, {
      cause,
      hint: 'Give the path of a tty; `portwire list` shows those that are there.',
    })
  }
  return new PortwireError('PORT_FAILED', `${path} could not be opened: ${text}`, { cause })
}

async function permissionError(path: string, cause: Error, isFile: boolean): Promise<PortwireError> {
  const group = isFile ? await groupOf(path) : undefined
  const hint = group ? `Run: sudo usermod -aG ${group} ${userInfo().username}, then log in again.` : undefined
  const owner = group ? ` (it belongs to the group ${group})` : ''
  return new PortwireError('PERMISSION_DENIED', `no permission to open ${path}${owner}`, {
    cause,
    ...(hint ? { hint } : {}),
  })
}

/** Name of the group that owns the file; its number where it has no name, as in a container with other numbers. */
async function groupOf(path: string): Promise<string | undefined> {
  try {
    const { gid } = await stat(path)
    const groups = await readFile('/etc/group', 'utf8')
    return (
      groups
        .split('\n')
        .find((line) => line.split(':')[2] === String(gid))
        ?.split(':')[0] ?? String(gid)
    )
  } catch {
    return undefined
  }
}

/** The process that has the file open, where /proc tells (Linux; other users' processes only to root). */
export async function holderOf(path: string): Promise<{ pid: number; command: string } | undefined> {
  const file = await realpath(path).catch(() => path) // /dev/serial/by-id has links
  const processes = await readdir('/proc').catch(() => [])
  for (const pid of processes.filter((name) => /^\d+$/.test(name))) {
    const files = await readdir(`/proc/${pid}/fd`).catch(() => [])
    for (const fd of files) {
      if ((await readlink(`/proc/${pid}/fd/${fd}`).catch(() => '')) !== file) continue
      const command = await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '?')
      return { pid: Number(pid), command: command.trim() }
    }
  }
  return undefined
}
