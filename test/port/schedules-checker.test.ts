// A checker that finds nothing proves nothing: each thing that it looks for is done wrong here once, and found.
import { spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import 'serialport'
import { describe, expect, it, onTestFinished } from 'vitest'
import { type BoardFaults, boardWorlds } from './schedules/board-world.js'
import { checkSchedules } from './schedules/check.js'
import type { Ledger } from './schedules/ledger.js'
import type { Schedule } from './schedules/plan.js'
import { programWorlds } from './schedules/program-world.js'
import { runSchedule } from './schedules/run.js'
import type { WorldKind } from './schedules/world.js'

/** A board or a program that works, two calls, and the end. */
const PLAIN: Schedule = {
  peer: 0,
  how: 'create',
  restart: 'permanent',
  onStart: 'none',
  noise: 0,
  window: 4,
  idempotent: false,
  steps: [
    { act: 'call', n: 0, pauseMs: 20 },
    { act: 'call', n: 0, pauseMs: 20 },
  ],
}

const problemsOf = async (kind: WorldKind, schedule = PLAIN) => (await runSchedule(kind, schedule)).problems.join('; ')

/** Worlds of a kind in which something happens once there is a ledger. */
const withLedger = (kind: WorldKind, act: (ledger: Ledger) => void): WorldKind => ({
  ...kind,
  async make(schedule, ledger) {
    const world = await kind.make(schedule, ledger)
    queueMicrotask(() => queueMicrotask(() => act(ledger())))
    return world
  },
})

describe('the checker of schedules', () => {
  it('finds nothing wrong with a board and a program that work', async () => {
    expect(await problemsOf(boardWorlds())).toBe('')
    expect(await problemsOf(programWorlds())).toBe('')
  })

  const faults: [string, BoardFaults, RegExp][] = [
    [
      'a timer that is never cancelled',
      {
        serial(options) {
          options.clock!.after(60_000, () => {})
          return options
        },
      },
      /left behind: a timer of 60000 ms/,
    ],
    [
      'a serial port that is never closed',
      {
        serial: (options) => ({
          ...options,
          binding: {
            ...options.binding!,
            async open(how) {
              const port = await options.binding!.open(how)
              port.close = async () => {}
              return port
            },
          },
        }),
      },
      /left behind: 1 open serial ports/,
    ],
    [
      'a rejection that nobody catches',
      {
        serial(options) {
          void Promise.reject(new Error('on its own'))
          return options
        },
      },
      /nobody caught Error: on its own/,
    ],
    [
      'an answer that belongs to another call',
      { handlers: (own) => ({ ...own, echo: () => Uint8Array.of(0xca, 0x11, 0, 99) }) },
      /call 1 got the answer of call 99/,
    ],
    [
      'a call that runs twice',
      {
        handlers: (own) => ({
          ...own,
          echo(args, context) {
            own['echo']!(args, context)
            return own['echo']!(args, context)
          },
        }),
      },
      /call 1 ran in the sessions 1, 1/,
    ],
    [
      'a call that is answered and never ran',
      { handlers: (own) => ({ ...own, echo: ({ data }) => data }) },
      /call 1: told as run, but it did not/,
    ],
  ]
  it.each(faults)('finds %s', async (_, fault, expected) => {
    expect(await problemsOf(boardWorlds(fault))).toMatch(expected)
  })

  it('finds a promise that is never settled, and an error that is not typed', async () => {
    const forgotten = withLedger(boardWorlds(), (ledger) => ledger.owe('an answer', new Promise(() => {})))
    expect(await problemsOf(forgotten)).toBe('never settled: an answer')
    const untyped = withLedger(boardWorlds(), (ledger) =>
      ledger.attempt('something', () => {
        throw new TypeError('x is not a function')
      }),
    )
    expect(await problemsOf(untyped)).toBe('something failed with TypeError: x is not a function')
  })

  it('finds a process, a descriptor and a timer that outlive their program', async () => {
    const faulty = programWorlds({
      goneMs: 100,
      make(environment) {
        const child = spawn('sleep', ['60'], { env: environment, stdio: 'ignore' })
        const descriptor = openSync('/dev/null', 'r')
        const timer = setTimeout(() => {}, 60_000)
        onTestFinished(() => {
          child.kill('SIGKILL')
          closeSync(descriptor)
          clearTimeout(timer)
        })
      },
    })
    const found = await problemsOf(faulty)
    expect(found).toMatch(/the process \d+ \(sleep 60\)/)
    expect(found).toMatch(/more: descriptor of \/dev\/null/)
    expect(found).toMatch(/1 more: resource Timeout/)
    expect(found).toMatch(/1 more: resource ProcessWrap/)
  })

  it('names the seed of what it found, and the shortest schedule that shows it', async () => {
    const wrong = boardWorlds({ handlers: (own) => ({ ...own, echo: () => Uint8Array.of(0xca, 0x11, 0, 99) }) })
    const found = await checkSchedules(wrong, { runs: 200, maxSteps: 10, pausesMs: [0, 20] }).catch((e) => e.message)
    expect(found).toMatch(/^PORTWIRE_SEED=\d+, run \d+, after \d+ shrinks: .* got the answer of call 99/)
    const shortest = JSON.parse(found.split('\n')[1]) as Schedule
    expect(shortest.steps.length).toBeLessThanOrEqual(3)
  })
})
