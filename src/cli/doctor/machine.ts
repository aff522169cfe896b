/** The machine as the doctor sees it: files below a root, and who asks. Handed in, so that tests have a machine of their own. */

import { readdir, readFile, stat } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import type { ListedDevice } from '../../link/serial-devices.js'

export interface Machine {
  /** Folder above dev, proc, sys and etc. */
  readonly root: string
  readonly uid: number
  readonly gids: readonly number[]
  readonly user: string
  /** `20.19.0` */
  readonly node: string
  /** Of Node's event loop. */
  readonly libuv: string
  /** Which ports there are; default: udev, else sysfs below root. */
  readonly list?: () => Promise<readonly ListedDevice[]>
}

export function thisMachine(): Machine {
  return {
    root: '/',
    uid: process.getuid?.() ?? 0,
    gids: [process.getgid?.() ?? 0, ...(process.getgroups?.() ?? [])],
    user: userInfo().username,
    node: process.versions.node,
    libuv: process.versions.uv,
  }
}

/** Groups of the machine by number, with their members. */
export async function groupsOf({ root }: Machine): Promise<ReadonlyMap<number, { name: string; members: string[] }>> {
  const text = await readFile(join(root, 'etc/group'), 'utf8').catch(() => '')
  return new Map(
    text
      .split('\n')
      .map((line) => line.split(':'))
      .filter(([name, , gid]) => name !== '' && gid !== undefined)
      .map(([name, , gid, members = '']) => [Number(gid), { name: name!, members: members.split(',') }]),
  )
}

/** The first process of that name; the system cuts names after 15 characters. */
export async function processCalled({ root }: Machine, name: string): Promise<number | undefined> {
  const pids = (await readdir(join(root, 'proc')).catch(() => [])).filter((entry) => /^\d+$/.test(entry))
  for (const pid of pids) {
    const comm = await readFile(join(root, 'proc', pid, 'comm'), 'utf8').catch(() => '')
    if (comm.trim() === name.slice(0, 15)) return Number(pid)
  }
  return undefined
}

export async function fileOf({ root }: Machine, path: string) {
  const { mode, uid, gid } = await stat(join(root, path))
  return { mode: mode & 0o777, uid, gid }
}
