/** Asks firmware/probe: the C++ framing and codec as a program, and on an emulated Uno. */

import { spawnSync } from 'node:child_process'
import path from 'node:path'
import { createUno } from '../../src/testing/avr/board.js'
import { readBuilt, root } from './build.js'

/** What is asked; the letters are those of firmware/probe/probe.h. */
export const WHAT = {
  receiveFrames: 'f',
  receivePackets: 'p',
  sendFrame: 's',
  sendPacket: 'q',
  echo: 'e',
  frameVerdict: 'v',
  valueVerdict: 'w',
} as const

export interface Question {
  readonly what: (typeof WHAT)[keyof typeof WHAT]
  readonly maxContentBytes?: number
  readonly bytes: Uint8Array
}

export interface Probe {
  readonly name: string
  /** The longest question that it takes. */
  readonly maxBytes: number
  ask(questions: readonly Question[]): Uint8Array[]
}

/** Of probe_uno.cpp. */
const UNO_BAUD_RATE = 250_000
const UNO_MAX_BYTES = 740
const BOOT_MS = 10
/** No answer takes longer than this on the chip. */
const ANSWER_MS = 1000

function toBytes({ what, maxContentBytes = 0, bytes }: Question): Uint8Array {
  const head = [what.charCodeAt(0), maxContentBytes >> 8, maxContentBytes & 255, bytes.length >> 8, bytes.length & 255]
  return Uint8Array.from([...head, ...bytes])
}

/** Puts pieces together; calls `done` with each answer. */
function createAnswerReader(done: (answer: Uint8Array) => void) {
  let left = 0
  let answer: number[] = []
  return (byte: number) => {
    if (left > 0) {
      left--
      answer.push(byte)
    } else if (byte > 0) left = byte
    else {
      done(Uint8Array.from(answer))
      answer = []
    }
  }
}

const program: Probe = {
  name: 'the native program',
  maxBytes: 8192,
  ask(questions) {
    const answers: Uint8Array[] = []
    const input = Buffer.concat(questions.map(toBytes))
    const { stdout, status } = spawnSync(path.join(root, 'build/firmware/native/probe'), { input, maxBuffer: 1 << 26 })
    if (status !== 0) throw new Error(`the probe ended with ${status}`)
    const read = createAnswerReader((answer) => answers.push(answer))
    for (const byte of stdout) read(byte)
    return answers
  },
}

const uno: Probe = {
  name: 'an emulated Uno board',
  maxBytes: UNO_MAX_BYTES,
  ask(questions) {
    const board = createUno({ image: readBuilt('build/firmware/uno/probe.hex') })
    const answers: Uint8Array[] = []
    board.bridge.configure({ baudRate: UNO_BAUD_RATE })
    const read = createAnswerReader((answer) => {
      answers.push(answer)
      board.wakeHost()
    })
    board.bridge.connect({ received: read, sent() {} })
    board.attached?.(0)
    board.runTo(BOOT_MS)
    for (const [asked, question] of questions.entries()) {
      board.bridge.write(toBytes(question))
      board.runTo(board.reachedMs() + ANSWER_MS)
      if (answers.length !== asked + 1) throw new Error(`no answer to question ${asked} (${question.what})`)
    }
    return answers
  },
}

export const PROBES: readonly Probe[] = [program, uno]
