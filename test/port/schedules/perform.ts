/** Does the acts of a schedule to the ports of a world, and notes what was promised. */

import { defineContract, type OpenOptions, open, type Port } from '../../../src/index.js'
import { createPort } from '../../../src/open.js'
import { greenhouse } from '../../../src/testing/greenhouse.js'
import { countingSignals } from './counting.js'
import type { Ledger } from './ledger.js'
import type { Act, Schedule } from './plan.js'
import type { World } from './world.js'

type Greenhouse = (typeof greenhouse)['definition']

/** Of the same types on the wire: its echo, which carries the ids, is not to be repeated. */
const { definition } = greenhouse
const onceOnly = defineContract({
  ...definition,
  actions: { ...definition.actions, echo: { ...definition.actions.echo, idempotent: false } },
}) as unknown as typeof greenhouse

export interface Stage {
  readonly ports: Port<Greenhouse>[]
  open(): void
  perform(act: Act, n: number): void
  /** Resolves when every open() has. */
  opened(): Promise<unknown>
  /** Ends what a user would end: his own consumers, handlers and mailboxes. */
  forgetAll(): void
  /** From here on nobody may be called. */
  over(): void
  held(): string[]
}

const TIMEOUTS_MS = [5_000, 300, 20, 1, 60_000]

export function createStage(world: World, schedule: Schedule, ledger: Ledger): Stage {
  const contract = schedule.idempotent ? greenhouse : onceOnly
  const ports: Port<Greenhouse>[] = []
  const signals = countingSignals()
  const stops: (() => void)[] = []
  const openings: Promise<void>[] = []
  const { owe, attempt } = ledger
  let isOver = false

  const called = (what: string) => {
    if (isOver) ledger.problem(`${what} was called after the end`)
  }
  const started = (port: Port<Greenhouse>) => {
    ports.push(port)
    let last: string | undefined
    port.watch((notice) => {
      called('a watcher')
      if (notice.kind !== 'state') return
      if (last === 'closed') ledger.problem(`the state went from closed to ${notice.state}`)
      last = notice.state
    })
    owe('exited', port.exited)
  }
  const options = (): OpenOptions<Greenhouse> => ({
    link: world.connector,
    clock: world.clock,
    readyTimeoutMs: world.readyTimeoutMs,
    restart: { type: schedule.restart, retryFailedMs: 2_000 },
    ...(schedule.onStart === 'none' ? {} : { onStart: onStart[schedule.onStart] }),
  })
  const onStart = {
    calls: async (session: { call(action: 'identify'): Promise<unknown> }) => {
      called('onStart')
      const first = session.call('identify')
      owe('a call of onStart', first)
      await first
    },
    throws: () => {
      throw new Error('no calibration')
    },
    'never ends': () => new Promise<void>(() => {}),
  }

  const acts: Record<Act, (port: Port<Greenhouse>, n: number) => void> = {
    call: (port, n) => call(port, n, n % 3 === 0 ? undefined : signals.make().signal),
    callAbortedBefore: (port, n) => call(port, n, AbortSignal.abort(new Error('before'))),
    abort(_, n) {
      const controller = signals.made[signals.made.length - 1 - (n % 4)]
      controller?.abort(new Error('by the schedule'))
    },
    job(port, n) {
      const ms = [30, 150, 1_000][n % 3]!
      owe('a job', port.call('settle', { ms }, { timeoutMs: TIMEOUTS_MS[n % 5]! }).catch(typed('a job')))
    },
    refusedCall(port, n) {
      const refused = n % 2 ? port.call('setVent', { open: 7 }) : port.call('setVent', { open: 1 })
      owe('a refused call', refused.catch(typed('a refused call')))
    },
    cast: (port) => cast(port, false),
    lossyCast: (port) => cast(port, true),
    stream,
    on: (port) => keep(attempt('on', () => port.on('reading', () => called('a listener')))),
    consume: (port, n) => keep(attempt('consume', () => port.consume('alarm', consumer(port, n)))),
    handle: (port, n) => keep(attempt('handle', () => port.handle('getSetpoint', requestHandler(n)))),
    mailbox,
    forget: () => void stops.shift()?.(),
    ready: (port) => owe('ready', port.ready().catch(typed('ready'))),
    kill: (port) => owe('kill', port.kill().catch(typed('kill'))),
    closeInput: (port) => attempt('closeInput', () => port.closeInput()),
    close: (port) => owe('close', port.close()),
    open: (_, n) => openOne(n % 2 ? 'open' : 'create'),
    unplug: (_, n) => world.unplug(n),
    replug: () => world.replug(),
    reset: (_, n) => world.reset(n),
    print: (_, n) => world.print(n),
    emit: (_, n) => world.emit(n),
    ask: () => world.ask(),
    wait: () => {},
  }

  const typed = (what: string) => (error: unknown) => ledger.failed(what, error)
  const keep = (stop: (() => void) | undefined) => {
    if (stop) stops.push(stop)
  }
  const openOne = (how: Schedule['how']) => {
    // open() waits for onStart, so one that never ends is its user's to end.
    if (how === 'create' || schedule.onStart === 'never ends') return started(createPort(contract, options()))
    const opening = open(contract, options()).then(started, typed('open'))
    openings.push(opening)
    owe('open', opening)
  }

  function call(port: Port<Greenhouse>, n: number, signal?: AbortSignal): void {
    const id = ledger.nextId()
    const timeoutMs = TIMEOUTS_MS[n % 5]!
    const answer = port.call('echo', { data: dataOf(id) }, { timeoutMs, ...(signal ? { signal } : {}) })
    void ledger.call(id, `call ${id}`, timeoutMs, answer).then((data) => {
      if (data && idOf(data) !== id) ledger.problem(`call ${id} got the answer of call ${idOf(data)}`)
    })
  }

  function cast(port: Port<Greenhouse>, lossy: boolean): void {
    const id = ledger.nextId()
    attempt('cast', () => port.cast('echo', { data: dataOf(id) }, { lossy }))
  }

  function stream(port: Port<Greenhouse>, n: number): void {
    const signal = n % 2 ? signals.make().signal : undefined
    const timeoutMs = n % 3 ? undefined : TIMEOUTS_MS[n % 5]!
    const items = port.stream(
      'calibrate',
      { probe: n % 2 },
      { ...(timeoutMs ? { timeoutMs } : {}), ...(signal && { signal }) },
    )
    owe('the result of a stream', items.result.catch(typed('a stream')))
    const wanted = [Number.POSITIVE_INFINITY, 2, 0][n % 3]!
    if (wanted === 0) return // nobody reads them
    const read = async () => {
      let taken = 0
      let last = 0
      for await (const { step } of items) {
        if (step <= last) ledger.problem(`item ${step} of a stream came after item ${last}`)
        last = step
        taken += 1
        if (taken >= wanted) break
      }
    }
    owe('the reader of a stream', read().catch(typed('the reader of a stream')))
  }

  function consumer(port: Port<Greenhouse>, n: number) {
    const finished = finishedOf(port)
    return (_: unknown, { id }: { readonly id?: string }): void | Promise<void> => {
      called('a consumer')
      if (finished.has(id!)) ledger.problem(`event ${id} was delivered again`)
      switch (n % 5) {
        case 1:
          throw new Error('a consumer that fails')
        case 2:
          return world.pass(5).then(() => void finished.add(id!))
        case 3:
          return new Promise(() => {})
        default:
          finished.add(id!)
      }
    }
  }

  function mailbox(port: Port<Greenhouse>, n: number): void {
    const box = attempt('mailbox', () => port.mailbox())
    if (!box) return
    const read = async () => {
      let taken = 0
      for await (const { event } of box) {
        if (n % 3 === 0) box.leave(event)
        taken += 1
        if (n % 3 === 1 && taken > 3) break
      }
    }
    if (n % 4 === 3) {
      box.poll()
      stops.push(() => box.close())
    } else {
      owe('the reader of a mailbox', read().catch(typed('the reader of a mailbox')))
      if (n % 3 === 2) stops.push(() => box.close())
    }
  }

  const finishedByPort = new WeakMap<object, Set<string>>()
  function finishedOf(port: object): Set<string> {
    const set = finishedByPort.get(port) ?? new Set<string>()
    finishedByPort.set(port, set)
    return set
  }

  const requestHandler = (n: number) => (): number | Promise<number> => {
    called('a handler of requests')
    if (n % 4 === 1) throw new Error('a handler that fails')
    if (n % 4 === 2) return new Promise(() => {})
    return n % 4 === 3 ? world.pass(20).then(() => 24) : 24
  }

  return {
    ports,
    open: () => openOne(schedule.how),
    perform(act, n) {
      const port = ports[ports.length - 1 - (n % 7 === 6 ? 1 : 0)] ?? ports.at(-1)
      if (port) acts[act](port, n)
    },
    opened: () => Promise.all(openings),
    forgetAll() {
      for (const stop of stops.splice(0)) stop()
    },
    over() {
      isOver = true
    },
    held: () => signals.held(),
  }
}

/** Calls carry a number that nothing else has, so that an answer tells whose it is. */
function dataOf(id: number): Uint8Array {
  return Uint8Array.of(0xca, 0x11, id >> 8, id & 0xff)
}

export function idOf(data: Uint8Array): number {
  return ((data[2] ?? 0) << 8) | (data[3] ?? 0)
}
