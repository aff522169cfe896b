/** The C++ library as a program behind a real tty, in real time: what it is sent and what it says goes through a channel each way,
 * which damages it as a UART would. */

import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, constants, mkdtempSync, openSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { type Random, systemClock } from '../../src/clock.js'
import {
  createChannel,
  createNoise,
  type Noise,
  type NoiseCounters,
  type NoiseOptions,
} from '../../src/testing/line/index.js'

export interface NoisyTtyOptions {
  readonly noise: NoiseOptions
  readonly random: Random
  /** Default 115,200. */
  readonly baudRate?: number
  readonly program: string
  readonly args: readonly string[]
  /** A line that the program has written to descriptor 3: what it did. */
  readonly told: (line: string) => void
}

export interface NoisyTty {
  /** The tty to open. */
  readonly path: string
  readonly counters: { readonly toDevice: NoiseCounters; readonly toHost: NoiseCounters }
  /** Ends the program and the tty, and resolves when all that it told was heard. */
  stop(): Promise<void>
}

/** Resolves when the tty can be opened. @throws Error  socat or the program cannot be started */
export async function createNoisyTty(options: NoisyTtyOptions): Promise<NoisyTty> {
  const { noise, random, baudRate = 115_200 } = options
  const folder = mkdtempSync(join(tmpdir(), 'portwire-noisy-'))
  const path = join(folder, 'tty')
  const socat = await startSocat(path)
  // While nobody has the tty open socat would take its silence for the end.
  const holder = openSync(path, constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK)
  const device = spawn(options.program, options.args, { stdio: ['pipe', 'pipe', 'inherit', 'pipe'] })
  await started(device)
  createInterface({ input: device.stdio[3] as Readable }).on('line', options.told)
  const toDevice = connect(socat.stdout!, device.stdin!, createNoise(noise, random), baudRate)
  const toHost = connect(device.stdout!, socat.stdin!, createNoise(noise, random), baudRate)
  return {
    path,
    counters: { toDevice, toHost },
    async stop() {
      await killed(device, 'SIGKILL')
      closeSync(holder)
      await killed(socat, 'SIGTERM')
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** What comes out of one end goes into the other as the noise has left it, in the time that the line takes. */
function connect(from: Readable, to: Writable, noise: Noise, baudRate: number): NoiseCounters {
  to.on('error', () => {}) // it has ended, and hears no more
  const channel = createChannel({ clock: systemClock, baudRate, noise, deliver: (bytes) => void to.write(bytes) })
  from.on('data', (bytes: Uint8Array) => channel.send(bytes))
  return noise.counters
}

async function startSocat(path: string): Promise<ChildProcess> {
  const socat = spawn('socat', ['-d', '-d', '-t0', 'STDIO', `pty,raw,echo=0,link=${path}`])
  await started(socat)
  await new Promise<void>((resolve, reject) => {
    let said = ''
    socat.stderr.setEncoding('utf8').on('data', (text: string) => {
      if (said.length < 4_096) said += text
      if (said.includes('starting data transfer loop')) resolve()
    })
    socat.once('exit', () => reject(new Error(`socat ended: ${said}`)))
  })
  return socat
}

const started = (child: ChildProcess) =>
  new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve)
    child.once('error', reject)
  })

/** Resolves when it is gone and its streams are read to their end. */
const killed = (child: ChildProcess, signal: NodeJS.Signals) =>
  new Promise<void>((resolve) => {
    child.once('close', () => resolve())
    child.kill(signal)
  })
