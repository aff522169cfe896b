/** A UART behind a tty: the serialport package, one fresh port object a session, every wait bounded. */

import { watch } from 'node:fs'
import { realpath } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import type { SerialPort, SerialPortOpenOptions } from 'serialport'
import { type CancelTimer, type Clock, systemClock } from '../clock.js'
import { PortwireError } from '../errors.js'
import type { Exit } from '../exit.js'
import type { SerialBinding } from './binding.js'
import { LINK_LIMITS } from './limits.js'
import type { Connector, LineLevels, Link, LinkHandlers } from './link.js'
import { createOutput } from './output.js'
import { type ReadFaults, toleratingReadFaults } from './read-faults.js'
import { listSerialDevices, type SerialDevice } from './serial-devices.js'
import { lockOwner, serialOpenError } from './serial-errors.js'
import { checkIdentity, describeIdentity, findDevice, type SerialIdentity } from './serial-identity.js'

export interface SerialOptions {
  /** `/dev/ttyACM0`, `COM3`, or what a binding calls its boards; or what the device is, so that it is found again under
   * another name. */
  readonly path: string | SerialIdentity
  /** Default 115,200. */
  readonly baudRate?: number
  readonly dataBits?: 5 | 6 | 7 | 8
  readonly parity?: 'none' | 'even' | 'odd' | 'mark' | 'space'
  readonly stopBits?: 1 | 1.5 | 2
  /** RTS/CTS flow control. */
  readonly rtscts?: boolean
  /** A port that another process holds is tried again for so long before it is PORT_BUSY. Default 0. */
  readonly lockWaitMs?: number
  /** What is done with the line once the port is open. Default `keep`. */
  readonly dtr?: LinePolicy | 'touch'
  readonly rts?: LinePolicy
  /** Nothing is written for so long after that: for a bootloader that takes a hello for the start of an upload. Default 0. */
  readonly settleMs?: number
  /** Default: the operating system's; an emulated board in tests and in the demonstration. */
  readonly binding?: SerialBinding
  /** Tells when the device may be there again. Default: watches the folder of `path`. */
  readonly onArrival?: (arrived: () => void) => () => void
  /** Which ports there are, for an identity. Default: udev, or sysfs where there is none. */
  readonly list?: () => Promise<readonly SerialDevice[]>
  readonly clock?: Clock
}

/** `keep`: nothing (Linux has asserted DTR and RTS when it opened the port). `pulse`: released for 100 ms, then asserted,
 * which resets an Arduino. For `dtr` also `touch`: nothing at the opening, but the board has native USB (Leonardo, RP2040, SAMD), where
 * DTR resets nothing; when it is silent it is restarted by a touch at 1,200 baud in place of a pulse. */
export type LinePolicy = 'keep' | 'assert' | 'release' | 'pulse'

export const SERIAL_DEFAULTS = {
  baudRate: 115_200,
  /** tcdrain may block for ever with flow control on. */
  drainTimeoutMs: 500,
  closeTimeoutMs: 1_000,
  /** A new device file appears before udev has set its group. */
  settleMs: 100,
} as const

export function serialConnector(options: SerialOptions): Connector {
  const { path, list = listSerialDevices, clock = systemClock } = options
  const baudRate = options.baudRate ?? SERIAL_DEFAULTS.baudRate
  const isNamed = typeof path === 'string'
  if (!isNamed) checkIdentity(path)
  const pathNow = async () => (isNamed ? path : findDevice(path, await list()).path)
  return {
    name: isNamed ? path : describeIdentity(path),
    lossless: false,
    baudRate,
    connect: async (handlers) => connect({ ...options, path: await pathNow() }, baudRate, handlers),
    ...(options.dtr === 'touch' && { touch: async () => touch({ ...options, path: await pathNow() }, clock) }),
    onArrival:
      options.onArrival ??
      ((arrived) =>
        watchFolder(isNamed ? dirname(path) : DEVICES, isNamed ? basename(path) : undefined, clock, arrived)),
  }
}

const DEVICES = '/dev'
/** Names that a serial port may get; others come and go in /dev all the time. */
const SERIAL_NAME = /^(tty(?!\d*$)|rfcomm|cu\.)/

/** Options whose path is a path. */
type NamedOptions = SerialOptions & { readonly path: string }

async function connect(options: NamedOptions, baudRate: number, handlers: LinkHandlers): Promise<Link> {
  const clock = options.clock ?? systemClock
  const isFile = options.binding === undefined
  const readFaults: ReadFaults = { count: 0 }
  const port = await openPort(options, baudRate, clock, isFile, readFaults)
  const lines = createLines(port)
  try {
    await applyPolicies(options, lines, clock)
    if (options.settleMs !== undefined && options.settleMs > 0) await settle(port, options.settleMs, clock)
  } catch (error) {
    await closePort(port, clock, 'at-once')
    throw error
  }
  return portLink(port, lines, handlers, clock, options, readFaults)
}

/** An open port; one that is busy is tried again until lockWaitMs is over. */
async function openPort(
  options: NamedOptions,
  baudRate: number,
  clock: Clock,
  isFile: boolean,
  readFaults: ReadFaults,
): Promise<SerialPort> {
  const { SerialPort } = await import('serialport')
  const { path, dataBits = 8, parity = 'none', stopBits = 1, rtscts = false, lockWaitMs = 0 } = options
  const under = options.binding ?? (SerialPort.binding as unknown as SerialBinding)
  const binding = toleratingReadFaults(under, clock, readFaults)
  const settings = { path, binding, baudRate, dataBits, parity, stopBits, rtscts, autoOpen: false }
  const deadlineMs = clock.nowMs() + lockWaitMs
  for (;;) {
    const port: SerialPort = new SerialPort(settings as unknown as SerialPortOpenOptions<never>)
    const failure = await new Promise<Error | null>((resolve) => port.open(resolve))
    if (!failure) return port
    const error = await serialOpenError(path, failure, isFile)
    if (error.code !== 'PORT_BUSY' || clock.nowMs() >= deadlineMs) throw error
    // A try that fails sets the line's speed all the same, so none is made while the holder is known.
    const file = await realpath(path).catch(() => path)
    do await pause(clock, LINK_LIMITS.lookAgainMs)
    while (clock.nowMs() < deadlineMs && isFile && (await lockOwner(file)) !== undefined)
  }
}

/** Opens the port at 1,200 baud, releases DTR and closes it: a board with native USB restarts, and its device goes away. */
async function touch(options: NamedOptions, clock: Clock): Promise<void> {
  const isFile = options.binding === undefined
  const port = await openPort(options, LINK_LIMITS.touchBaudRate, clock, isFile, { count: 0 })
  try {
    await createLines(port).set({ dtr: false })
  } finally {
    await closePort(port, clock, 'at-once')
  }
  await pause(clock, LINK_LIMITS.touchedMs)
}

interface Lines {
  /** Sets all lines, as a set that leaves some out would raise those.
   * @returns false when the tty has none
   * @throws PORT_FAILED */
  set(changed: LineLevels): Promise<boolean>
  readonly levels: Required<LineLevels>
}

function createLines(port: SerialPort): Lines {
  // What the driver leaves after an open.
  let levels = { dtr: true, rts: true, brk: false }
  return {
    get levels() {
      return levels
    },
    set(changed) {
      levels = { ...levels, ...changed }
      return new Promise((resolve, reject) => {
        if (!port.isOpen) return resolve(false)
        port.set(levels, (cause) => {
          if (!cause) resolve(true)
          else if (/inappropriate ioctl|ENOTTY/i.test(cause.message)) resolve(false)
          else reject(new PortwireError('PORT_FAILED', `lines of ${port.path}: ${cause.message}`, { cause }))
        })
      })
    },
  }
}

async function applyPolicies(options: SerialOptions, lines: Lines, clock: Clock): Promise<void> {
  const { rts = 'keep' } = options
  const dtr = options.dtr === undefined || options.dtr === 'touch' ? 'keep' : options.dtr
  const named = (level: (policy: LinePolicy) => boolean): LineLevels => ({
    ...(dtr === 'keep' ? {} : { dtr: level(dtr) }),
    ...(rts === 'keep' ? {} : { rts: level(rts) }),
  })
  if (dtr === 'keep' && rts === 'keep') return
  if (!(await lines.set(named((policy) => policy === 'assert')))) return
  if (dtr !== 'pulse' && rts !== 'pulse') return
  await pause(clock, LINK_LIMITS.pulseMs)
  await lines.set(named((policy) => policy !== 'release'))
}

/** @throws PORT_FAILED  the port was gone before the time was over */
async function settle(port: SerialPort, ms: number, clock: Clock): Promise<void> {
  // Without a listener an error would end the process.
  const ignore = () => {}
  port.on('error', ignore)
  await pause(clock, ms)
  port.off('error', ignore)
  if (!port.isOpen) throw new PortwireError('PORT_FAILED', `${port.path} was gone again ${ms} ms after it was opened`)
}

function portLink(
  port: SerialPort,
  lines: Lines,
  handlers: LinkHandlers,
  clock: Clock,
  { binding, rtscts = false }: SerialOptions,
  readFaults: ReadFaults,
): Link {
  const isFile = binding === undefined
  let ended = false
  let closing: Promise<void> | undefined
  let released: Promise<void> | undefined
  let bytesReceived = 0
  let cancelCheck: CancelTimer = () => {}

  const output = createOutput(port)
  const end = (exit: Exit) => {
    if (ended) return
    ended = true
    cancelCheck()
    output.stop()
    handlers.ended(closing ? { kind: 'closed' } : exit)
  }
  const gone = (detail: string) => {
    if (port.isPaused()) port.read() // what was held back comes before the end
    end({ kind: 'unplugged', detail })
    released ??= closePort(port, clock, 'at-once')
  }
  // A data listener from the start: without one a hang-up goes unnoticed.
  port.on('data', (bytes: Uint8Array) => {
    bytesReceived += bytes.length
    if (!ended) handlers.data(bytes)
  })
  // The driver could not write: the descriptor is useless, and no `close` may ever come.
  port.on('error', (error) => gone(error.message))
  port.on('close', (error: Error | null) => gone(error?.message ?? 'hang-up'))

  /** A read that is under way when the line hangs up gets 0 bytes; bindings-cpp repeats it for ever and tells nobody. */
  const checkForHangUp = () => {
    cancelCheck = clock.after(LINK_LIMITS.hangUpCheckMs, async () => {
      const fault = await port.port?.getBaudRate().then(
        () => undefined,
        (error: Error) => error.message,
      )
      if (ended) return
      if (fault !== undefined && HANG_UP.test(fault)) gone(fault)
      else checkForHangUp()
    })
  }
  if (isFile && process.platform === 'linux') checkForHangUp()

  return {
    write: output.write,
    drained: output.drained,
    // The driver drops RTS when its buffer is full. Without that line it would drop bytes, and count them for nobody.
    ...(rtscts ? { pause: () => void (closing || port.pause()), resume: () => void (ended || port.resume()) } : {}),
    async control(changed) {
      await lines.set(changed)
    },
    async setBaudRate(baudRate) {
      await output.flushed()
      await setBaudRate(port, baudRate, clock)
    },
    close() {
      if (!closing) {
        port.resume()
        output.flush()
        output.stop() // on a closed port serialport would keep the bytes, and send them to a freshly booted board
        released ??= closePort(port, clock, 'drained')
        closing = released.then(() => end({ kind: 'closed' }))
      }
      return closing
    },
    info: () => ({
      path: port.path,
      baudRate: port.baudRate,
      ...lines.levels,
      bytesReceived,
      readFaults: readFaults.count,
      ...output.info(),
      isPaused: port.isPaused(),
    }),
  }
}

/** @throws PORT_FAILED  the port has the rate that it had */
async function setBaudRate(port: SerialPort, baudRate: number, clock: Clock): Promise<void> {
  const before = port.baudRate
  const update = (rate: number) =>
    new Promise<Error | null>((resolve) => port.update({ baudRate: rate }, resolve as (error?: Error | null) => void))
  const refuse = (problem: string, cause?: Error): never => {
    throw new PortwireError('PORT_FAILED', `${port.path} at ${baudRate} baud: ${problem}`, { cause })
  }
  if (!port.isOpen) refuse('the port is closed')
  let drained: Error | null | undefined
  await within(clock, SERIAL_DEFAULTS.drainTimeoutMs, (done) =>
    port.drain((error) => {
      drained = error ?? null
      done()
    }),
  )
  if (drained === undefined) refuse('what was written does not leave')
  if (drained) refuse(drained.message, drained)
  if (!port.isOpen) refuse('the port is closed')
  const failure = await update(baudRate)
  if (!failure) return
  if (port.isOpen) await update(before) // serialport says the new rate otherwise, and a driver may have set another
  refuse(failure.message, failure)
}

/** What Linux answers about a tty that has hung up: EIO, ENODEV, EBADF. */
const HANG_UP = /input\/output error|no such device|bad file descriptor/i

/** Releases the tty, drained or at once; neither may wait for ever. */
async function closePort(port: SerialPort, clock: Clock, how: 'drained' | 'at-once'): Promise<void> {
  if (how === 'drained' && port.isOpen) {
    await within(clock, SERIAL_DEFAULTS.drainTimeoutMs, (done) => port.drain(() => done()))
  }
  if (port.isOpen) {
    await within(clock, SERIAL_DEFAULTS.closeTimeoutMs, (done) => port.close(() => done()))
  }
}

function pause(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => clock.after(ms, resolve))
}

function within(clock: Clock, limitMs: number, run: (done: () => void) => void): Promise<void> {
  return new Promise((resolve) => {
    const cancel = clock.after(limitMs, resolve)
    run(() => {
      cancel()
      resolve()
    })
  })
}

/** Watches a folder for a file that appears (undefined: any serial port), as the file itself is not there; a folder that cannot
 * be watched leaves it to the backoff. */
function watchFolder(folder: string, name: string | undefined, clock: Clock, arrived: () => void): () => void {
  let cancelSettle = () => {}
  try {
    const watcher = watch(folder, (_event, file) => {
      if (file === null || (name === undefined ? !SERIAL_NAME.test(file) : file !== name)) return
      cancelSettle()
      cancelSettle = clock.after(SERIAL_DEFAULTS.settleMs, arrived)
    })
    watcher.on('error', () => watcher.close())
    return () => {
      cancelSettle()
      watcher.close()
    }
  } catch {
    return () => {} // no such folder (COM3, an emulated board), or no inotify watch left
  }
}
