/** A board without hardware or emulation: the device side of the protocol in this process, behind @serialport/binding-mock
 * with what that lacks (a cable that can be pulled, a board that boots, a line that can be disturbed). */

import { type Clock, type Random, systemClock } from '../clock.js'
import type { Contract } from '../contract/index.js'
import { RESET_CAUSES, type ResetCause } from '../exit.js'
import type { SerialBinding, SerialBindingOpenOptions, SerialBindingPort } from '../link/index.js'
import { createDeviceSession, type DeviceHandler, type DeviceSession } from '../port/index.js'
import { createDeframer, createValueCodec, encodeFrame } from '../wire/index.js'
import { MockBinding, type MockPortBinding } from './binding-mock.js'

export interface MockBoardOptions {
  readonly contract: Contract
  readonly handlers: { readonly [action: string]: DeviceHandler }
  /** From power or reset to the announcement; what is received meanwhile is lost. Default 0. */
  readonly bootMs?: number
  /** Opening the port resets the board, as DTR does on an Uno. Default false. */
  readonly resetOnOpen?: boolean
  readonly maxContentBytes?: number
  readonly window?: number
  readonly maxKeptEvents?: number
  /** A host has begun a session. */
  readonly sessionBegan?: (device: DeviceSession) => void
  /** What the line makes of a run of bytes, in either direction; the default leaves them alone. */
  readonly disturb?: (bytes: Uint8Array, direction: 'to-device' | 'to-host') => Uint8Array
  readonly clock?: Clock
  readonly random?: Random
}

export interface MockBoard {
  readonly path: string
  readonly binding: SerialBinding
  /** The boot that runs; undefined while the board boots or has no power. */
  readonly device: DeviceSession | undefined
  /** Puts bytes on the line that are no message: a stray print, noise. */
  print(bytes: Uint8Array | string): void
  reset(cause?: ResetCause): void
  unplug(): void
  plug(): void
  /** Called when the cable is put back, as a hot-plug event would. */
  onArrival(arrived: () => void): () => void
}

let boards = 0

/** A mock has no USB converter to ask. */
const NOBODY = {
  manufacturer: undefined,
  serialNumber: undefined,
  pnpId: undefined,
  locationId: undefined,
  productId: undefined,
  vendorId: undefined,
} as const

/** @param options `contract` and `handlers` are what the board serves */
export function createMockBoard(options: MockBoardOptions): MockBoard {
  const clock = options.clock ?? systemClock
  boards += 1
  const path = `/dev/mock${boards}`
  MockBinding.createPort(path)
  const arrivals = new Set<() => void>()
  const disturb = options.disturb ?? ((bytes) => bytes)
  const codec = createValueCodec()
  const maxContentBytes = options.maxContentBytes ?? 512
  let plugged = true
  let host: MockPortBinding | undefined
  let pulled: (() => void) | undefined
  let device: DeviceSession | undefined
  let deframer = createDeframer({ maxContentBytes })
  let cancelBoot = () => {}

  const toHost = (bytes: Uint8Array) => {
    if (host?.isOpen && plugged) host.emitData(Buffer.from(disturb(bytes, 'to-host')))
  }
  const stop = () => {
    cancelBoot()
    device?.stop()
    device = undefined
  }
  const boot = (cause: ResetCause) => {
    stop()
    cancelBoot = clock.after(options.bootMs ?? 0, () => {
      deframer = createDeframer({ maxContentBytes })
      device = createDeviceSession({
        clock,
        random: options.random ?? Math.random,
        codec,
        contract: options.contract,
        handlers: options.handlers,
        device: {
          resetCause: RESET_CAUSES.indexOf(cause),
          receiveBytes: 0,
          maxContentBytes,
          window: options.window ?? 4,
          firmwareVersion: 'mock',
        },
        maxKeptEvents: options.maxKeptEvents ?? 16,
        lossless: false,
        write(action, token, value) {
          const content = new Uint8Array(2 + (value?.length ?? 0))
          content.set([action, token])
          if (value) content.set(value, 2)
          toHost(encodeFrame(content))
        },
        reset: () => boot('software'),
        sessionBegan() {
          if (device) options.sessionBegan?.(device)
        },
      })
      device.announce()
    })
  }
  const fromHost = (bytes: Uint8Array) => {
    for (const event of deframer.push(disturb(bytes, 'to-device'))) {
      if (event.kind === 'content') device?.receive(event.bytes)
    }
  }

  const open = async (openOptions: SerialBindingOpenOptions): Promise<SerialBindingPort> => {
    if (!plugged || openOptions.path !== path) {
      throw new Error(`Error: No such file or directory, cannot open ${openOptions.path}`)
    }
    const inner = await MockBinding.open(openOptions).catch((cause: Error) => {
      throw /locked/.test(cause.message) ? new Error('Error Resource temporarily unavailable Cannot lock port') : cause
    })
    host = inner
    if (options.resetOnOpen) boot('external')
    const port = cablePort(inner, fromHost)
    pulled = port.pull
    return port
  }

  boot('power_on')
  return {
    path,
    binding: { list: async () => (plugged ? [{ ...NOBODY, path }] : []), open },
    get device() {
      return device
    },
    print: (text) => toHost(typeof text === 'string' ? new TextEncoder().encode(text) : text),
    reset: (cause = 'external') => boot(cause),
    unplug() {
      if (!plugged) return
      plugged = false
      stop()
      pulled?.()
    },
    plug() {
      if (plugged) return
      plugged = true
      boot('power_on')
      for (const arrived of [...arrivals]) arrived()
    },
    onArrival(arrived) {
      arrivals.add(arrived)
      return () => void arrivals.delete(arrived)
    },
  }
}

/** The mock's port with a cable: reads fail once it is pulled, and what the host writes reaches the board. */
function cablePort(
  inner: MockPortBinding,
  fromHost: (bytes: Uint8Array) => void,
): SerialBindingPort & { pull(): void } {
  let isPulled = false
  let failRead: ((error: Error) => void) | undefined
  // `disconnected` is how a binding says that the cable was pulled; the port must still count as open then.
  const disconnected = () => Object.assign(new Error('bad file descriptor'), { disconnected: true })
  return {
    openOptions: inner.openOptions,
    get isOpen() {
      return inner.isOpen
    },
    pull() {
      isPulled = true
      failRead?.(disconnected())
    },
    read: (buffer, offset, length) =>
      new Promise((resolve, reject) => {
        if (isPulled) return reject(disconnected())
        failRead = reject
        inner.read(buffer, offset, length).then(resolve, reject)
      }),
    async write(buffer) {
      if (isPulled) throw disconnected()
      await inner.write(buffer)
      fromHost(buffer)
    },
    close: () => inner.close(),
    update: (updateOptions) => inner.update(updateOptions),
    set: (setOptions) => inner.set(setOptions),
    get: () => inner.get(),
    getBaudRate: () => inner.getBaudRate(),
    flush: () => inner.flush(),
    drain: () => inner.drain(),
  }
}
