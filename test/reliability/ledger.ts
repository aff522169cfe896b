/** What was asked for, what the device did, and what the host was told: every rule that they break is a violation. */

import type { Outcome } from '../../src/errors.js'
import type { EventMeta } from '../../src/index.js'

/** How a call ended for its maker. `yes` and `no` are claims about the device that can be checked. */
export type CallEnd =
  | { readonly kind: 'result'; readonly right: boolean }
  | { readonly kind: 'error'; readonly outcome: Outcome }

export interface Ledger {
  // What the host's users do and are told.
  /** @param isIdempotent it may run again in a later session, in its old order */
  called(id: number, isIdempotent?: boolean): void
  ended(id: number, end: CallEnd): void
  /** Later: what became of a call that had ended with outcome unknown. */
  settled(id: number, outcome: Outcome): void
  asked(answer: number): void
  /** A handler of the host runs for a request. */
  handled(answer: number): void
  alarmBegan(n: number, meta: EventMeta): void
  alarmFinished(n: number, meta: EventMeta): void
  sampled(n: number, meta: EventMeta): void
  alarmsDropped(count: number): void
  hostStarted(): void

  // What the device does.
  ran(id: number): void
  answered(value: number | undefined): void
  alarmed(n: number, epoch: number, kept: boolean): void
  violation(text: string): void

  /** All is quiet: `epoch` is the boot that runs. Says what is still missing. */
  close(epoch: number | undefined): void
  /** True when the call ended with its own result. */
  endedWell(id: number): boolean
  readonly violations: readonly string[]
  readonly executed: number
  readonly delivered: number
}

export function createLedger(): Ledger {
  const violations: string[] = []
  const violation = (text: string) => void violations.push(text)
  /** `undone`: a call that was made before it has run after it, so it has to run again before it may end well. */
  const calls = new Map<
    number,
    { end?: CallEnd; settled?: Outcome; ran: number; isIdempotent: boolean; undone: boolean }
  >()
  const answers = new Map<number, 'asked' | 'answered'>()
  const handled = new Set<number>()
  /** By epoch: alarms that the device took, and those that it refused. */
  const kept = new Map<number, { readonly taken: number[]; refused: number }>()
  const finished = new Set<number>()
  /** `epoch:number` to n, over all hosts. */
  const ids = new Map<string, number>()
  let lastRan = 0
  let executed = 0
  let delivered = 0
  /** Of this host's life. */
  let lastAlarm = { epoch: -1, number: -1 }
  let lastSample = { epoch: -1, n: -1 }
  let droppedTold = 0
  let hosts = 0

  const claim = (id: number, outcome: Outcome, what: string) => {
    const ran = calls.get(id)?.ran ?? 0
    if (outcome === 'no' && ran > 0) violation(`call ${id}: ${what} says that it did not run, but it ran`)
    if (outcome === 'yes' && ran === 0) violation(`call ${id}: ${what} says that it ran, but it did not`)
  }
  const boot = (epoch: number) => {
    let alarms = kept.get(epoch)
    if (!alarms) {
      alarms = { taken: [], refused: 0 }
      kept.set(epoch, alarms)
    }
    return alarms
  }

  return {
    called(id, isIdempotent = false) {
      calls.set(id, { ran: 0, isIdempotent, undone: false })
    },
    ended(id, end) {
      const call = calls.get(id)!
      if (call.end) violation(`call ${id} ended twice`)
      call.end = end
      if (end.kind === 'error') return claim(id, end.outcome, 'its error')
      if (call.undone) violation(`call ${id} got its result, but an earlier call ran after it`)
      if (!end.right) violation(`call ${id} got the result of another, or a damaged one`)
      claim(id, 'yes', 'its result')
    },
    settled(id, outcome) {
      claim(id, outcome, 'its final outcome')
      calls.get(id)!.settled = outcome
    },
    asked: (answer) => void answers.set(answer, 'asked'),
    handled(answer) {
      if (handled.has(answer)) violation(`the handler of request ${answer - 1} ran twice`)
      handled.add(answer)
    },
    alarmBegan(n, { epoch, number = -1, id = '' }) {
      delivered += 1
      const key = `${epoch}:${number}`
      const known = ids.get(key)
      if (known !== undefined && known !== n) violation(`event ${id} was ${known} and is now ${n}`)
      ids.set(key, n)
      if (lastAlarm.epoch === epoch && number <= lastAlarm.number) {
        violation(`event ${id} came after ${lastAlarm.number}: twice, or out of order`)
      }
      lastAlarm = { epoch, number }
      if (!kept.get(epoch)?.taken.includes(n)) violation(`event ${id} (${n}) was never emitted by that boot`)
    },
    alarmFinished: (n) => void finished.add(n),
    sampled(n, { epoch }) {
      if (lastSample.epoch === epoch && n <= lastSample.n) violation(`sample ${n} came after ${lastSample.n}`)
      lastSample = { epoch, n }
    },
    alarmsDropped(count) {
      droppedTold += count
    },
    hostStarted() {
      hosts += 1
      lastAlarm = { epoch: -1, number: -1 }
      lastSample = { epoch: -1, n: -1 }
    },
    ran(id) {
      executed += 1
      const call = calls.get(id)
      if (!call) return violation(`call ${id} ran and was never made`)
      call.ran += 1
      call.undone = false
      if (call.ran > 1 && !call.isIdempotent) violation(`call ${id} ran ${call.ran} times`)
      // Until the final outcome is known a copy of it may be on the line.
      const isUnsure = call.end?.kind === 'error' && call.end.outcome === 'unknown'
      if (call.ran > 1 && call.end && !isUnsure) violation(`call ${id} ran again after it had ended`)
      if (call.settled === 'yes' || call.settled === 'no') {
        violation(`call ${id} ran after its final outcome, ${call.settled}, was told`)
      }
      for (let later = id + 1; later <= lastRan; later++) {
        const passed = calls.get(later)
        if (!passed || passed.ran === 0) continue
        if (!call.isIdempotent || !passed.isIdempotent || passed.end?.kind === 'result') {
          violation(`call ${id} ran after ${later}`)
        }
        passed.undone = true
      }
      lastRan = Math.max(lastRan, id)
      if (call.end?.kind === 'error' && call.end.outcome === 'no')
        violation(`call ${id} ran after it was said not to run`)
    },
    answered(value) {
      if (value === undefined) return
      const state = answers.get(value)
      if (state !== 'asked')
        violation(`answer ${value} was ${state === 'answered' ? 'given twice' : 'never asked for'}`)
      answers.set(value, 'answered')
    },
    alarmed(n, epoch, isKept) {
      if (isKept) boot(epoch).taken.push(n)
      else boot(epoch).refused += 1
    },
    violation,
    close(epoch) {
      for (const n of (epoch === undefined ? undefined : kept.get(epoch))?.taken ?? []) {
        if (!finished.has(n)) violation(`event ${n} of the boot that runs was never finished by a consumer`)
      }
      // What another boot refused was lost with its memory; what another host was told is not repeated.
      const only = kept.size === 1 && hosts === 1 && epoch !== undefined ? kept.get(epoch) : undefined
      if (only && only.refused !== droppedTold) {
        violation(`${only.refused} events were dropped by the device, ${droppedTold} were told`)
      }
    },
    endedWell(id) {
      const end = calls.get(id)?.end
      return end?.kind === 'result' && end.right
    },
    violations,
    get executed() {
      return executed
    },
    get delivered() {
      return delivered
    },
  }
}
