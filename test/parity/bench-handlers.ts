/** What the bench does, on a board and in a program alike. */

import { ApplicationError, type DeviceHandler, type HandlerContext, type SEVERITIES } from '../../src/port/index.js'

/** What the two kinds of peer do each in its own way. */
export interface BenchSide {
  emit(event: string, fields: { readonly n: number }): boolean
  log(severity: (typeof SEVERITIES)[number], text: string): void
  /** A line beside the protocol: on a program's stderr, or on the board's own line. */
  print(text: string): void
  /** The device ends by itself with this status; what it has said before is heard. */
  leave(status: number): void
  ask(context: HandlerContext, key: string): Promise<string>
  after(ms: number, run: () => void): void
}

/** Events that are emitted before the line gets a turn. */
const BURST = 64
const OUT_OF_RANGE = 16

export function createBenchHandlers(side: BenchSide): Record<string, DeviceHandler> {
  const pause = (ms: number) => new Promise<void>((resolve) => side.after(ms, resolve))
  let waiting: (() => void)[] = []
  let counted: number[] = []

  const emit = async (event: string, count: number): Promise<number> => {
    let taken = 0
    for (let n = 0; n < count; n++) {
      if (side.emit(event, { n })) taken += 1
      if ((n + 1) % BURST === 0) await pause(1)
    }
    return taken
  }
  return {
    echo: ({ n }) => n,
    mirror: (value) => value,
    reset: () => {
      counted = []
    },
    count: ({ n }) => void counted.push(n as number),
    tally: () => ({ count: counted.length, isInOrder: counted.every((n, i) => n === i) }),
    hold: ({ n }) => new Promise((resolve) => waiting.push(() => resolve(n))),
    held: () => waiting.length,
    release() {
      const all = waiting.reverse()
      waiting = []
      for (const answer of all) answer()
      return all.length
    },
    wait: ({ ms }) => pause(ms as number).then(() => ms),
    fail({ errorNumber }) {
      throw new ApplicationError(errorNumber as number, 'as asked')
    },
    async emit(args) {
      const { plain, other, kept } = args as Record<'plain' | 'other' | 'kept', number>
      return { plain: await emit('counted', plain), other: await emit('other', other), kept: await emit('kept', kept) }
    },
    say: ({ severity, text }) => side.log(severity as (typeof SEVERITIES)[number], text as string),
    print: ({ text }) => side.print(text as string),
    leave({ status, last }) {
      for (const event of ['counted', 'kept']) for (let n = 0; n < (last as number); n++) side.emit(event, { n })
      side.leave(status as number)
    },
    fetch: ({ key }, context) => side.ask(context, key as string),
    async act({ outcome }, { next }) {
      next({ update: 1 })
      next({ update: 2 })
      if (outcome === 'error') throw new ApplicationError(OUT_OF_RANGE, 'the valve is stuck')
      return { outcome, update: 3 }
    },
    async steps({ count }, { next }) {
      for (let i = 0; i < (count as number); i++) next(i)
      await new Promise<void>((resolve) => waiting.push(resolve))
      return count
    },
  }
}
