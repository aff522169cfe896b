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

export interface Holder {
  readonly pid: number
  readonly command: string
}

/** The process that holds the port's lock, else one that has it open, where /proc tells (Linux; of other users' processes
 * only to root). Another program may have the tty open without the lock, the far end of a pseudo-terminal for one. */
export async function holderOf(path: string, proc = '/proc'): Promise<Holder | undefined> {
  const file = await realpath(path).catch(() => path) // /dev/serial/by-id has links
  const pid = (await lockOwner(file, proc)) ?? (await opener(file, proc))
  if (pid === undefined) return undefined
  const command = await readFile(`${proc}/${pid}/comm`, 'utf8').catch(() => '?')
  return { pid, command: command.trim() }
}

/** The process that holds a lock on the file. A line of /proc/locks is `1: FLOCK  ADVISORY  WRITE 1234 00:18:5 0 EOF`: pid, then device and inode. */
export async function lockOwner(file: string, proc = '/proc'): Promise<number | undefined> {
  const inode = await stat(file).then(
    (s) => s.ino,
    () => undefined,
  )
  const locks = await readFile(`${proc}/locks`, 'utf8').catch(() => '')
  for (const line of locks.split('\n')) {
    const [, kind, , , pid, place] = line.trim().split(/\s+/)
    if (kind === 'FLOCK' && place?.split(':')[2] === String(inode) && Number(pid) > 0) return Number(pid)
  }
  return undefined
}

async function opener(file: string, proc: string): Promise<number | undefined> {
  const processes = await readdir(proc).catch(() => [])
  for (const pid of processes.filter((name) => /^\d+$/.test(name))) {
    const files = await readdir(`${proc}/${pid}/fd`).catch(() => [])
    for (const fd of files) {
      if ((await readlink(`${proc}/${pid}/fd/${fd}`).catch(() => '')) === file) return Number(pid)
    }
  }
  return undefined
}
