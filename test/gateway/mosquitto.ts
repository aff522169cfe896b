/** Debian's Mosquitto on a free loopback port, in a folder of its own. */

import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { until } from './until.js'

export interface Mosquitto {
  readonly port: number
  readonly url: string
  /** Ends it at once: what it kept in memory is gone. */
  kill(): Promise<void>
  start(): Promise<void>
  isRunning(): boolean
  /** Ends it and removes its folder. */
  remove(): Promise<void>
}

const PROGRAMS = ['/usr/sbin/mosquitto', '/usr/local/sbin/mosquitto', '/opt/homebrew/sbin/mosquitto']

/** @param lines  more lines of its configuration */
export async function startMosquitto(lines: readonly string[] = []): Promise<Mosquitto> {
  const program = PROGRAMS.find((path) => existsSync(path))
  if (!program)
    throw new Error('Mosquitto is missing: install the Debian package mosquitto (apt-get install mosquitto)')
  const folder = mkdtempSync(join(tmpdir(), 'portwire-mosquitto-'))
  const port = await freePort()
  const config = join(folder, 'mosquitto.conf')
  // Started by root it would become the user mosquitto, who may not read the folder.
  const user = process.getuid?.() === 0 ? ['user root'] : []
  const access = lines.some((line) => line.startsWith('allow_anonymous')) ? [] : ['allow_anonymous true']
  writeFileSync(config, [`listener ${port} 127.0.0.1`, ...user, ...access, ...lines, ''].join('\n'))
  let child: ChildProcess | undefined

  const start = async () => {
    const started = spawn(program, ['-c', config], { stdio: 'ignore' })
    child = started
    await until(
      () => {
        if (started.exitCode !== null) throw new Error(`mosquitto exited with status ${started.exitCode}`)
        return accepts(port)
      },
      5_000,
      'mosquitto listens',
    )
  }
  const kill = async () => {
    const running = child
    child = undefined
    if (!running || running.exitCode !== null) return
    const gone = new Promise((resolve) => running.once('exit', resolve))
    running.kill('SIGKILL')
    await gone
  }
  const remove = async () => {
    await kill()
    rmSync(folder, { recursive: true, force: true })
  }
  await start().catch(async (error: unknown) => {
    await remove()
    throw error
  })
  return {
    port,
    url: `mqtt://127.0.0.1:${port}`,
    kill,
    start,
    isRunning: () => child !== undefined && child.exitCode === null && child.signalCode === null,
    remove,
  }
}

/** A port that was free a moment ago. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.on('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number }
      server.close(() => resolve(port))
    })
  })
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.on('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.on('error', () => resolve(false))
  })
}
