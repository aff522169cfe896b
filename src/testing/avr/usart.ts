/**
 * USART0 of the ATmega328P for avr8js, in place of the stock one. It follows the data sheet (DS40002061B, chapter 20)
 * where drivers depend on it: a FIFO of two and the shift register, overrun, level-triggered RXC and UDRE, a TXC that
 * only a one clears, and a transmitter with a holding register.
 */

import type { CPU } from 'avr8js'
import type { TickQueue } from './tick-queue.js'
import { createReceiver, type FrameFormat, frameLevels, frameTicks, type ReceivedCharacter, type Wire } from './wire.js'

const UCSR0A = 0xc0
const UCSR0B = 0xc1
const UCSR0C = 0xc2
const UBRR0L = 0xc4
const UBRR0H = 0xc5
const UDR0 = 0xc6

const RXC = 0x80
const TXC = 0x40
const UDRE = 0x20
const FE = 0x10
const DOR = 0x08
const UPE = 0x04
const U2X = 0x02
const MPCM = 0x01

const RXEN = 0x10
const TXEN = 0x08
const UCSZ2 = 0x04
const RXB8 = 0x02
const TXB8 = 0x01

const RX_VECTOR = 0x24
const UDRE_VECTOR = 0x26
const TX_VECTOR = 0x28

/** Received characters that wait to be read, without the one in the shift register. */
const FIFO_CHARACTERS = 2

/** What the USART counted; the board keeps one across resets. */
export interface UsartCounters {
  /** Characters that reached the receive FIFO. */
  receivedBytes: number
  /** Characters whose stop bit was sent. */
  sentBytes: number
  /** Characters that were lost because nobody read in time. */
  lostBytes: number
  /** Times that DOR was raised. */
  overruns: number
  framingErrors: number
  parityErrors: number
}

export interface UsartOptions {
  readonly cpu: CPU
  readonly queue: TickQueue
  /** The RX pin. */
  readonly input: Wire
  /** The TX pin. */
  readonly output: Wire
  readonly counters: UsartCounters
}

export interface Usart {
  /** The earliest tick at which the end of a character can be on the line. */
  nextSentTick(): number
  /** Ends its part in the wires: the chip is reset or without power. */
  stop(tick: number): void
}

/** Puts the USART into a CPU that was just reset. */
export function createUsart(options: UsartOptions): Usart {
  const { cpu, queue, input, output, counters } = options
  const data = cpu.data

  const rxInterrupt = interrupt(RX_VECTOR, RXC, true)
  const udreInterrupt = interrupt(UDRE_VECTOR, UDRE, true)
  const txInterrupt = interrupt(TX_VECTOR, TXC, false)

  const fifo: ReceivedCharacter[] = []
  let shifted: ReceivedCharacter | undefined // complete, but the FIFO is full
  let held: number | undefined // the transmit buffer
  let sendingUntilTick: number | undefined
  let cancelSend: (() => void) | undefined

  data[UCSR0A] = UDRE
  data[UCSR0B] = 0
  data[UCSR0C] = 0x06

  const receiver = createReceiver(input, queue, {
    format: () => (data[UCSR0B]! & RXEN ? format() : undefined),
    start() {
      // The data sheet's overrun: FIFO full, a character waiting in the shift register, and a new start bit.
      if (shifted === undefined) return true
      counters.lostBytes++
      if (!(data[UCSR0A]! & DOR)) counters.overruns++
      data[UCSR0A]! |= DOR
      return false
    },
    character(character) {
      counters.receivedBytes++
      if (character.framingError) counters.framingErrors++
      if (character.parityError) counters.parityErrors++
      if (fifo.length < FIFO_CHARACTERS) fifo.push(character)
      else shifted = character
      showReceived()
    },
  })

  function interrupt(address: number, mask: number, constant: boolean) {
    return { address, flagRegister: UCSR0A, flagMask: mask, enableRegister: UCSR0B, enableMask: mask, constant }
  }

  function format(): FrameFormat {
    const b = data[UCSR0B]!
    const c = data[UCSR0C]!
    const size = ((c >> 1) & 3) | (b & UCSZ2)
    const divisor = (((data[UBRR0H]! & 0x0f) << 8) | data[UBRR0L]!) + 1
    return {
      bitTicks: divisor * (data[UCSR0A]! & U2X ? 8 : 16),
      dataBits: size === 7 ? 9 : 5 + (size & 3),
      parity: c & 0x20 ? (c & 0x10 ? 'odd' : 'even') : 'none',
      stopBits: c & 0x08 ? 2 : 1,
    }
  }

  /** RXC holds while something is to be read; FE and UPE belong to the character that is read next. */
  function showReceived(): void {
    const next = fifo[0]
    data[UCSR0A]! &= ~(FE | UPE)
    data[UCSR0B]! &= ~RXB8
    if (next === undefined) {
      cpu.clearInterrupt(rxInterrupt)
      return
    }
    if (next.framingError) data[UCSR0A]! |= FE
    if (next.parityError) data[UCSR0A]! |= UPE
    if (next.value & 0x100) data[UCSR0B]! |= RXB8
    cpu.setInterruptFlag(rxInterrupt)
  }

  function emptyReceiver(): void {
    fifo.length = 0
    shifted = undefined
    data[UCSR0A]! &= ~DOR
    showReceived()
  }

  function send(value: number, tick: number): void {
    const frame = format()
    output.drive(tick, frameLevels(value, frame), frame)
    sendingUntilTick = tick + frameTicks(frame)
    cancelSend = queue.at(sendingUntilTick, sent)
  }

  function sent(tick: number): void {
    counters.sentBytes++
    sendingUntilTick = undefined
    cancelSend = undefined
    if (held === undefined) {
      cpu.setInterruptFlag(txInterrupt)
      return
    }
    const value = held
    held = undefined
    cpu.setInterruptFlag(udreInterrupt)
    send(value, tick)
  }

  cpu.readHooks[UDR0] = () => {
    const character = fifo.shift()
    if (shifted !== undefined) {
      fifo.push(shifted)
      shifted = undefined
    }
    data[UCSR0A]! &= ~DOR
    showReceived()
    return (character?.value ?? 0) & 0xff
  }

  cpu.writeHooks[UDR0] = (value) => {
    // Without TXEN, or with the holding register full, the data sheet has the write ignored.
    if (!(data[UCSR0B]! & TXEN) || held !== undefined) return true
    const character = value | (data[UCSR0B]! & TXB8 ? 0x100 : 0)
    if (sendingUntilTick === undefined) send(character, cpu.cycles)
    else {
      held = character
      cpu.clearInterrupt(udreInterrupt)
    }
    return true
  }

  cpu.writeHooks[UCSR0A] = (value) => {
    if (value & TXC) cpu.clearInterrupt(txInterrupt)
    data[UCSR0A] = (data[UCSR0A]! & ~(U2X | MPCM)) | (value & (U2X | MPCM))
    return true
  }

  cpu.writeHooks[UCSR0B] = (value, oldValue) => {
    data[UCSR0B] = (value & ~RXB8) | (oldValue & RXB8)
    cpu.updateInterruptEnable(rxInterrupt, value)
    cpu.updateInterruptEnable(udreInterrupt, value)
    cpu.updateInterruptEnable(txInterrupt, value)
    if ((value ^ oldValue) & RXEN) {
      if (!(value & RXEN)) emptyReceiver()
      receiver.restart(cpu.cycles)
    }
    return true
  }

  return {
    nextSentTick: () => sendingUntilTick ?? cpu.cycles + frameTicks(format()),
    stop(tick) {
      receiver.disconnect()
      cancelSend?.()
      if (sendingUntilTick !== undefined) output.release(tick)
    },
  }
}
