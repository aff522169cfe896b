/** Random schedules: what a user, a cable and a peer do to ports, in any order. fast-check makes and shrinks them. */

import fc from 'fast-check'

/** Each with how often it is drawn. */
const ACTS = {
  call: 10,
  callAbortedBefore: 1,
  abort: 2,
  job: 2,
  refusedCall: 1,
  cast: 2,
  lossyCast: 1,
  stream: 3,
  on: 2,
  consume: 3,
  handle: 1,
  mailbox: 1,
  forget: 3,
  ready: 1,
  kill: 2,
  closeInput: 1,
  close: 1,
  open: 2,
  unplug: 2,
  replug: 3,
  reset: 2,
  print: 1,
  emit: 5,
  ask: 1,
  wait: 4,
} as const

export type Act = keyof typeof ACTS

export interface Step {
  readonly act: Act
  /** What it is done to, and how; each act reads it in its own way. 0 is the plainest. */
  readonly n: number
  /** Time that passes afterwards; 0: not even a turn of the event loop. */
  readonly pauseMs: number
}

export interface Schedule {
  /** Index into the peers of the world. */
  readonly peer: number
  /** `open` waits for the first start, `createPort` does not. */
  readonly how: 'open' | 'create'
  readonly restart: 'permanent' | 'transient' | 'temporary'
  readonly onStart: 'none' | 'calls' | 'throws' | 'never ends'
  /** Share of runs of bytes that the line damages, where it is one that can. */
  readonly noise: number
  readonly window: number
  /** The calls that carry an id may run again in another session. */
  readonly idempotent: boolean
  readonly steps: readonly Step[]
}

export interface Shape {
  readonly peers: number
  readonly maxSteps: number
  readonly pausesMs: readonly number[]
}

export function schedules({ peers, maxSteps, pausesMs }: Shape): fc.Arbitrary<Schedule> {
  const acts = Object.entries(ACTS).map(([act, weight]) => ({ arbitrary: fc.constant(act as Act), weight }))
  const step = fc.record({
    act: fc.oneof(...acts),
    n: fc.nat(999),
    pauseMs: fc.constantFrom(...pausesMs),
  })
  const mostly = <T>(usual: T, ...others: T[]) =>
    fc.oneof(
      { arbitrary: fc.constant(usual), weight: 4 * others.length },
      { arbitrary: fc.constantFrom(...others), weight: others.length },
    )
  return fc.record({
    // The first two work.
    peer: fc.oneof(fc.constantFrom(0, 1), fc.nat(peers - 1)),
    how: mostly<Schedule['how']>('create', 'open'),
    restart: mostly<Schedule['restart']>('permanent', 'transient', 'temporary'),
    onStart: mostly<Schedule['onStart']>('none', 'calls', 'throws', 'never ends'),
    noise: mostly(0, 0.02, 0.2),
    window: fc.constantFrom(4, 1, 16),
    idempotent: fc.boolean(),
    // Without fast-check's bias, which makes most arrays short.
    steps: fc.noBias(fc.array(step, { maxLength: maxSteps, size: 'max' })),
  })
}
