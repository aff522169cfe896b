/** The device side of the protocol in this process, from bytes to bytes: a chip without hardware or emulation. */

import { type CancelTimer, type Clock, type Random, systemClock } from '../clock.js'
import type { Contract } from '../contract/index.js'
import { RESET_CAUSES, type ResetCause } from '../exit.js'
import { createDeviceSession, type DeviceHandler, type DeviceSession } from '../port/index.js'
import { createDeframer, createValueCodec, encodeFrame } from '../wire/index.js'
import type { LineBoard } from './line/line.js'

export interface MockChipOptions {
  readonly contract: Contract
  readonly handlers: { readonly [action: string]: DeviceHandler }
  /** From power or reset to the announcement; what is received meanwhile is lost. Default 0. */
  readonly bootMs?: number
  readonly maxContentBytes?: number
  readonly window?: number
  readonly maxKeptEvents?: number
  /** Rates that HELLO may change the line to, and the one of opening. Default: it has none; needs a line that has a rate. */
  readonly baudRates?: { readonly opening: number; readonly others: readonly number[] }
  /** A host has begun a session. */
  readonly sessionBegan?: (device: DeviceSession) => void
  readonly clock?: Clock
  readonly random?: Random
}

export interface MockChip extends LineBoard {
  /** The boot that runs; undefined while the chip boots or has no power. */
  readonly device: DeviceSession | undefined
}

export const MOCK_CHIP_DEFAULTS = { bootMs: 0, maxContentBytes: 512, window: 4, maxKeptEvents: 16 } as const

/** It boots when it gets power. @param options `contract` and `handlers` are what it serves */
export function createMockChip(options: MockChipOptions): MockChip {
  const { bootMs, maxContentBytes, window, maxKeptEvents } = { ...MOCK_CHIP_DEFAULTS, ...options }
  const clock = options.clock ?? systemClock
  const codec = createValueCodec()
  let device: DeviceSession | undefined
  let deframer = createDeframer({ maxContentBytes })
  let send: ((bytes: Uint8Array) => void) | undefined
  let setBaudRate: (baudRate: number) => void = () => {}
  let cancelBoot: CancelTimer = () => {}

  const stop = () => {
    cancelBoot()
    device?.stop()
    device = undefined
  }
  const boot = (cause: ResetCause) => {
    stop()
    if (options.baudRates) setBaudRate(options.baudRates.opening)
    cancelBoot = clock.after(bootMs, () => {
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
          window,
          firmwareVersion: 'mock',
        },
        maxKeptEvents,
        lossless: false,
        baudRate: options.baudRates && { ...options.baudRates, set: (baudRate) => setBaudRate(baudRate) },
        write(action, token, value) {
          const content = new Uint8Array(2 + (value?.length ?? 0))
          content.set([action, token])
          if (value) content.set(value, 2)
          send?.(encodeFrame(content))
        },
        reset: () => boot('software'),
        sessionBegan() {
          if (device) options.sessionBegan?.(device)
        },
      })
      device.announce()
    })
  }
  return {
    get device() {
      return device
    },
    powerOn(toHost, setRate = () => {}) {
      send = toHost
      setBaudRate = setRate
      boot('power_on')
    },
    powerOff() {
      stop()
      send = undefined
    },
    reset(cause) {
      if (send) boot(cause)
    },
    receive(bytes) {
      for (const event of deframer.push(bytes)) {
        if (event.kind === 'content') device?.receive(event.bytes)
        else device?.frameDropped() // text too: a device has no console
      }
    },
  }
}
