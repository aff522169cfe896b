/** A board without hardware or emulation: the device side of the protocol in this process, behind @serialport/binding-mock
 * with what that lacks (a cable that can be pulled, a board that boots, a line that can be disturbed). */

import type { ResetCause } from '../exit.js'
import type { SerialBinding, SerialBindingOpenOptions, SerialBindingPort } from '../link/index.js'
import type { DeviceSession } from '../port/index.js'
import { MockBinding, type MockPortBinding } from './binding-mock.js'
import { createMockChip, type MockChipOptions } from './mock-chip.js'

export interface MockBoardOptions extends MockChipOptions {
  /** Opening the port resets the board, as DTR does on an Uno. Default false. */
  readonly resetOnOpen?: boolean
  /** What the line makes of a run of bytes, in either direction; the default leaves them alone. */
  readonly disturb?: (bytes: Uint8Array, direction: 'to-device' | 'to-host') => Uint8Array
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
  boards += 1
  const path = `/dev/mock${boards}`
  MockBinding.createPort(path)
  const arrivals = new Set<() => void>()
  const disturb = options.disturb ?? ((bytes) => bytes)
  const chip = createMockChip(options)
  let plugged = true
  let host: MockPortBinding | undefined
  let pulled: (() => void) | undefined

  const toHost = (bytes: Uint8Array) => {
    if (host?.isOpen && plugged) host.emitData(Buffer.from(disturb(bytes, 'to-host')))
  }
  const fromHost = (bytes: Uint8Array) => chip.receive(disturb(bytes, 'to-device'))

  const open = async (openOptions: SerialBindingOpenOptions): Promise<SerialBindingPort> => {
    if (!plugged || openOptions.path !== path) {
      throw new Error(`Error: No such file or directory, cannot open ${openOptions.path}`)
    }
    const inner = await MockBinding.open(openOptions).catch((cause: Error) => {
      throw /locked/.test(cause.message) ? new Error('Error Resource temporarily unavailable Cannot lock port') : cause
    })
    host = inner
    if (options.resetOnOpen) chip.reset('external')
    const port = cablePort(inner, fromHost)
    pulled = port.pull
    return port
  }

  chip.powerOn(toHost)
  return {
    path,
    binding: { list: async () => (plugged ? [{ ...NOBODY, path }] : []), open },
    get device() {
      return chip.device
    },
    print: (text) => toHost(typeof text === 'string' ? new TextEncoder().encode(text) : text),
    reset: (cause = 'external') => chip.reset(cause),
    unplug() {
      if (!plugged) return
      plugged = false
      chip.powerOff()
      pulled?.()
    },
    plug() {
      if (plugged) return
      plugged = true
      chip.powerOn(toHost)
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
