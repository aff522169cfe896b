/** A pseudo-terminal whose other end is a socket of this process: Debian's socat makes it, so that a serial driver can open it. */

import { type ChildProcess, spawn } from 'node:child_process'
import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { createServer, type Server, type Socket } from 'node:net'

export interface Terminal {
  /** What the host writes to the tty comes out here, and the other way round. */
  readonly socket: Socket
  /** Hangs the tty up and removes it; resolves when it is gone. */
  close(): Promise<void>
}

/**
 * Makes a tty at `ttyPath`, joined through a Unix socket at `socketPath`; resolves when it can be opened.
 * @throws Error  when socat is missing; it names the Debian package
 */
export async function startTerminal(socketPath: string, ttyPath: string): Promise<Terminal> {
  const server = createServer()
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(socketPath, resolve)
  })
  let socat: ChildProcess
  let socket: Socket
  let holder: FileHandle
  try {
    const connection = new Promise<Socket>((resolve) => server.once('connection', resolve))
    socat = await startSocat(socketPath, ttyPath)
    socket = await connection
    // While nobody has the tty open, socat would take its silence for the end; this keeps it open between two hosts.
    holder = await open(ttyPath, constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK)
  } catch (error) {
    await closed(server)
    throw error
  }
  socket.on('error', () => {}) // socat ended; its exit is what counts

  return {
    socket,
    async close() {
      await holder.close()
      const exited = socat.exitCode === null ? new Promise((resolve) => socat.once('exit', resolve)) : undefined
      socat.kill('SIGTERM')
      await exited
      socket.destroy()
      await closed(server)
    },
  }
}

/** `-t0`: without it socat lingers for half a second after one side has ended. */
function startSocat(socketPath: string, ttyPath: string): Promise<ChildProcess> {
  return new Promise((resolve, reject) => {
    const args = ['-d', '-d', '-t0', `UNIX-CONNECT:${socketPath}`, `pty,raw,echo=0,link=${ttyPath}`]
    const socat = spawn('socat', args, { stdio: ['ignore', 'ignore', 'pipe'] })
    let said = ''
    socat.stderr.setEncoding('utf8').on('data', (text: string) => {
      if (said.length < 4096) said += text
      if (said.includes('starting data transfer loop')) resolve(socat)
    })
    socat.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') return reject(error)
      reject(
        new Error('socat is not installed; the Debian package is `socat`: apt-get install socat', { cause: error }),
      )
    })
    socat.once('exit', (status) => reject(new Error(`socat ended with status ${status}: ${said.trim()}`)))
  })
}

const closed = (server: Server) => new Promise<void>((resolve) => server.close(() => resolve()))
