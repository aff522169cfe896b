/** A process and the children it has left in its group: how all of them are ended. */

import { readdir, readFile } from 'node:fs/promises'
import type { Clock } from '../clock.js'
import { LINK_LIMITS } from './limits.js'

/** Sends a signal to every process of the group; 0 only asks. @returns false when there is none to get it */
export function signalGroup(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(-pid, signal)
    return true
  } catch {
    return false // ESRCH: all are gone. EPERM: what is left runs as somebody else and is not ours to end.
  }
}

/** Ends what is left of a group whose leader is gone: SIGTERM, and SIGKILL after `killMs`. */
export async function endGroup(pid: number, clock: Clock, killMs: number): Promise<void> {
  if (!signalGroup(pid, 'SIGTERM') || !(await hasLiving(pid))) return
  for (let waitedMs = 0; waitedMs < killMs; waitedMs += LINK_LIMITS.lookAgainMs) {
    await new Promise<void>((resolve) => clock.after(LINK_LIMITS.lookAgainMs, resolve))
    if (!signalGroup(pid, 0) || !(await hasLiving(pid))) return
  }
  signalGroup(pid, 'SIGKILL')
}

/** False when all that is left are zombies, whose new parent has not taken notice: process 1 of a container often never does.
 * Told by /proc, so elsewhere than on Linux always true. */
async function hasLiving(group: number): Promise<boolean> {
  const names = await readdir('/proc').catch(() => [])
  const pids = names.filter((name) => /^\d+$/.test(name))
  if (pids.length === 0) return true
  const stats = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')))
  return stats.some((stat) => {
    // pid (command) state parent group ...; the command may have spaces and parentheses of its own
    const [state, , processGroup] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return Number(processGroup) === group && state !== 'Z' && state !== 'X'
  })
}
