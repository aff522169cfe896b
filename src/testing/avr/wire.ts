/**
 * One direction of a UART line as a level over time, and the receiver that samples it. Frames keep the sender's bit
 * time, samples the receiver's: a wrong baud rate, a cut frame or a flipped bit garbles bytes as it does on copper.
 */

import type { TickQueue } from './tick-queue.js'

export interface FrameFormat {
  /** Length of a bit in ticks of the board's crystal; fractions are kept. */
  readonly bitTicks: number
  readonly dataBits: number
  readonly parity: 'none' | 'even' | 'odd'
  readonly stopBits: number
}

/** How long a character of this format lasts, start and stop bits included. */
export const frameTicks = (format: FrameFormat) => format.bitTicks * frameBits(format)

const frameBits = (format: FrameFormat) => 1 + format.dataBits + (format.parity === 'none' ? 0 : 1) + format.stopBits

const parityBit = (value: number, parity: 'even' | 'odd') => {
  let ones = parity === 'odd' ? 1 : 0
  for (let rest = value; rest !== 0; rest >>= 1) ones ^= rest & 1
  return ones
}

/** The levels of a character on the line, the start bit in bit 0. */
export function frameLevels(value: number, format: FrameFormat): number {
  let levels = (value & ((1 << format.dataBits) - 1)) << 1
  let bit = 1 + format.dataBits
  if (format.parity !== 'none') levels |= parityBit(value & ((1 << format.dataBits) - 1), format.parity) << bit++
  for (let stop = 0; stop < format.stopBits; stop++) levels |= 1 << bit++
  return levels
}

interface Frame {
  readonly startTick: number
  readonly bitTicks: number
  readonly levels: number
  readonly bits: number
  /** Where it ends; earlier than its bits say when the sender was reset in the middle. */
  endTick: number
}

export interface Wire {
  /** Puts a character on the line; `tick` is not before the end of the one before. Returns the tick of its end. */
  drive(tick: number, levels: number, format: FrameFormat): number
  /** The sender lets go in the middle of a character: the line is idle (high) from `tick` on. */
  release(tick: number): void
  /** The receiver's end. There is one receiver a wire; a new one takes the place of the last. */
  connect(receiver: { fell(tick: number): void } | undefined): void
  levelAt(tick: number): 0 | 1
  /** The first falling edge at or after `tick` that is known by now. */
  nextFall(tick: number): number | undefined
  /** The end of the character that is on the line at `tick`, else `tick`. */
  frameEnd(tick: number): number
  /** Drops what was on the line before `tick`. */
  forget(tick: number): void
}

export function createWire(): Wire {
  let frames: Frame[] = []
  let receiver: { fell(tick: number): void } | undefined

  function levelIn(frame: Frame, tick: number): 0 | 1 {
    const bit = Math.min(frame.bits - 1, Math.floor((tick - frame.startTick) / frame.bitTicks))
    return ((frame.levels >> bit) & 1) as 0 | 1
  }

  function levelAt(tick: number): 0 | 1 {
    for (let index = frames.length - 1; index >= 0; index--) {
      const frame = frames[index]!
      if (tick >= frame.endTick) return 1
      if (tick >= frame.startTick) return levelIn(frame, tick)
    }
    return 1
  }

  function nextFall(tick: number): number | undefined {
    for (const frame of frames) {
      if (frame.endTick <= tick) continue
      // Just before the frame the line has the level of the frame before, or is idle.
      let before = levelAt(frame.startTick - frame.bitTicks / 1000)
      for (let bit = 0; bit < frame.bits; bit++) {
        const atTick = frame.startTick + bit * frame.bitTicks
        if (atTick >= frame.endTick) break
        const level = ((frame.levels >> bit) & 1) as 0 | 1
        if (level === 0 && before === 1 && atTick >= tick) return atTick
        before = level
      }
    }
    return undefined
  }

  return {
    drive(tick, levels, format) {
      const bits = frameBits(format)
      const frame: Frame = {
        startTick: tick,
        bitTicks: format.bitTicks,
        levels,
        bits,
        endTick: tick + bits * format.bitTicks,
      }
      if (receiver === undefined) frames = []
      frames.push(frame)
      if (receiver !== undefined) {
        const fallTick = nextFall(tick)
        if (fallTick !== undefined) receiver.fell(fallTick)
      }
      return frame.endTick
    },
    release(tick) {
      const last = frames[frames.length - 1]
      if (last !== undefined && last.endTick > tick) last.endTick = tick
    },
    connect(next) {
      receiver = next
    },
    levelAt,
    nextFall,
    frameEnd(tick) {
      for (const frame of frames) if (frame.startTick <= tick && tick < frame.endTick) return frame.endTick
      return tick
    },
    forget(tick) {
      let gone = 0
      while (gone < frames.length && frames[gone]!.endTick < tick) gone++
      if (gone > 0) frames.splice(0, gone)
    },
  }
}

export interface ReceivedCharacter {
  readonly value: number
  readonly framingError: boolean
  readonly parityError: boolean
}

export interface ReceiverSink {
  /** The format it listens in; undefined: it does not listen. */
  format(): FrameFormat | undefined
  /** A start bit came; false: there is no place for the character, it is lost. */
  start?(): boolean
  /** A character is complete, at the end of its stop bit. */
  character(character: ReceivedCharacter, tick: number): void
}

export interface Receiver {
  /** Call when `format()` begins or ceases to be defined. A character half received is given up. */
  restart(tick: number): void
  disconnect(): void
}

/** Samples each bit in its middle, as a UART does; a new start bit is looked for as soon as the stop bit is sampled. */
export function createReceiver(wire: Wire, queue: TickQueue, sink: ReceiverSink): Receiver {
  let cancel: (() => void) | undefined

  /** False: nobody listens. */
  function begin(fallTick: number): boolean {
    const format = sink.format()
    if (format === undefined) return false
    const taken = sink.start?.() ?? true
    const stopTick = fallTick + (frameBits({ ...format, stopBits: 1 }) - 0.5) * format.bitTicks
    const senderEnd = wire.frameEnd(fallTick)
    // The character is reported at the end of its stop bit, wherever the sender's is within half a bit of ours.
    const ends = senderEnd >= stopTick && senderEnd - stopTick <= (format.stopBits + 0.1) * format.bitTicks
    const reportTick = ends ? senderEnd : stopTick
    cancel = queue.at(reportTick, (tick) => {
      cancel = undefined
      complete(fallTick, stopTick, tick, format, taken)
    })
    return true
  }

  function complete(fallTick: number, stopTick: number, tick: number, format: FrameFormat, taken: boolean): void {
    const sample = (bit: number) => wire.levelAt(fallTick + (bit + 0.5) * format.bitTicks)
    if (sample(0) === 1) {
      // Too short for a start bit: noise. What the line did since is still known.
      again(fallTick + format.bitTicks / 2)
      return
    }
    let value = 0
    for (let bit = 0; bit < format.dataBits; bit++) value |= sample(1 + bit) << bit
    const parityError = format.parity !== 'none' && sample(1 + format.dataBits) !== parityBit(value, format.parity)
    const framingError = wire.levelAt(stopTick) === 0
    if (taken) sink.character({ value, framingError, parityError }, tick)
    if (cancel === undefined) again(stopTick)
  }

  function again(fromTick: number): void {
    wire.forget(fromTick)
    const fallTick = wire.nextFall(fromTick)
    if (fallTick !== undefined) begin(fallTick)
  }

  const ear = {
    fell(tick: number) {
      if (cancel === undefined && !begin(tick)) wire.forget(tick)
    },
  }
  wire.connect(ear)

  return {
    restart(tick) {
      cancel?.()
      cancel = undefined
      again(tick)
    },
    disconnect() {
      cancel?.()
      cancel = undefined
      wire.connect(undefined)
    },
  }
}
