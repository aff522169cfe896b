/** A tty of our own: a pty held by socat, its other side a shell command. */

import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { until } from '../gateway/until.js'

/** @returns the path of the tty; `shell` reads and writes the other side */
export async function ptyWith(shell: string): Promise<string> {
  if (!existsSync('/usr/bin/socat'))
    throw new Error('socat is missing: install the Debian package socat (apt-get install socat)')
  const folder = mkdtempSync(join(tmpdir(), 'portwire-pty-'))
  const path = join(folder, 'tty')
  // -t0: socat would stay for half a second after the end of either side.
  // A group of its own, so that its shell ends with it.
  const socat = spawn('socat', ['-t0', `pty,raw,echo=0,link=${path}`, `SYSTEM:${shell}`], {
    stdio: 'ignore',
    detached: true,
  })
  onTestFinished(() => {
    process.kill(-socat.pid!, 'SIGKILL')
    rmSync(folder, { recursive: true, force: true })
  })
  await until(() => existsSync(path), 5_000, 'socat has made the tty')
  return path
}
