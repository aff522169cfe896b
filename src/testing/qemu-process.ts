/** The process qemu-system-arm, with the board's UART as a socket. */

import { type ChildProcess, spawn } from 'node:child_process'
import { createServer, type Socket } from 'node:net'

export interface QemuOptions {
  readonly image: string
  readonly eeprom: string
  /** Where QEMU and this process meet; there must be nothing. */
  readonly socketPath: string
  readonly readyTimeoutMs: number
}

export interface Qemu {
  readonly uart: Socket
  /** Gives QEMU's monitor a command: `system_reset`, `stop`, `cont`. */
  monitor(command: string): void
  /** Ends it at once, which to the board is a power cut; resolves when it has ended. */
  kill(): Promise<void>
}

const STDERR_CHARACTERS = 65_536
const MONITOR_CHARACTERS = 4_096
/**
 * How often the monitor gets an empty line, which wakes QEMU's main loop. QEMU 7.2 can lose such a wake-up: the processor's
 * thread arms a timer and signals the main loop; a write to the EEPROM then runs that loop's events in the processor's own thread
 * (`blk_pwrite`, `aio_poll`) and takes the signal away before the main thread has had a turn. With nothing else to wake it, the
 * main loop would sleep for ever, and with it SysTick and the UART's receiver: a board that has said hello and hears nothing.
 */
const WAKE_MS = 50

/** Resolves when the processor runs; rejects as `startQemuBoard` says. */
export async function startQemu(options: QemuOptions): Promise<Qemu> {
  const server = createServer()
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.socketPath, resolve)
  })
  const connection = new Promise<Socket>((resolve) => server.once('connection', resolve))
  const child = spawn('qemu-system-arm', argumentsOf(options), { stdio: ['pipe', 'pipe', 'pipe'] })
  const exited = new Promise<void>((resolve) => child.once('close', () => resolve()))
  const killAtExit = () => child.kill('SIGKILL')
  process.once('exit', killAtExit)
  const wake = setInterval(() => {
    if (child.stdin?.writableLength === 0) child.stdin.write('\n')
  }, WAKE_MS)
  wake.unref()

  async function kill(): Promise<void> {
    clearInterval(wake)
    process.removeListener('exit', killAtExit)
    if (child.pid !== undefined) {
      child.kill('SIGKILL')
      await exited
    }
    await new Promise<void>((resolve) => server.close(() => resolve()))
  }

  try {
    child.stdin!.on('error', () => {}) // QEMU ended; its exit is what counts
    const ready = Promise.all([connection, running(child)])
    const [uart] = await Promise.race([ready, failure(child, options.readyTimeoutMs)])
    uart.on('error', () => {})
    return {
      uart,
      monitor: (command) => void child.stdin!.write(`${command}\n`),
      async kill() {
        uart.destroy()
        await kill()
      },
    }
  } catch (error) {
    await kill()
    throw error
  }
}

function argumentsOf({ image, eeprom, socketPath }: QemuOptions): string[] {
  // QEMU doubles a comma inside a value.
  const value = (text: string) => text.replaceAll(',', ',,')
  return [
    ...['-machine', 'lm3s6965evb', '-nodefaults', '-nic', 'none', '-display', 'none', '-monitor', 'stdio'],
    ...['-kernel', image],
    ...['-chardev', `socket,id=uart,path=${value(socketPath)}`, '-serial', 'chardev:uart'],
    ...['-drive', `if=none,id=eeprom,format=raw,file=${value(eeprom)}`],
    ...['-device', 'at24c-eeprom,bus=i2c,address=0x50,rom-size=4096,drive=eeprom'],
  ]
}

/** The monitor obeys once the machine is made and its image loaded; what it says later is thrown away. */
function running(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    let said = ''
    child.stdout!.setEncoding('utf8').on('data', (text: string) => {
      if (said.length < MONITOR_CHARACTERS) said += text
      if (said.includes('VM status: running')) resolve()
    })
    child.stdin!.write('info status\n')
  })
}

/** Rejects when QEMU cannot be started, ends, or takes too long. */
function failure(child: ChildProcess, readyTimeoutMs: number): Promise<never> {
  return new Promise((_, reject) => {
    let stderr = ''
    child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      stderr = (stderr + text).slice(-STDERR_CHARACTERS)
    })
    const timer = setTimeout(
      () => reject(new Error(`qemu-system-arm did not start within ${readyTimeoutMs} ms. ${stderr.trim()}`)),
      readyTimeoutMs,
    )
    timer.unref()
    child.once('error', (error: NodeJS.ErrnoException) => {
      const missing = 'qemu-system-arm is not installed; the Debian package has the same name'
      reject(new Error(error.code === 'ENOENT' ? missing : 'qemu-system-arm cannot be started', { cause: error }))
    })
    child.once('close', (status, signal) => {
      reject(new Error(`qemu-system-arm ended with ${signal ?? `status ${status}`}. ${stderr.trim()}`))
    })
  })
}
