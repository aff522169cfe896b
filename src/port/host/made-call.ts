/** One call from its making to its end. A class and no closures: there is one of these for every call. */

import type { Action } from '../../contract/index.js'
import { type Deferred, deferred } from '../../deferred.js'
import type { Outcome } from '../../errors.js'
import type { Exit } from '../../exit.js'
import { answerCall, failureError, unsure } from './call-ends.js'
import type { Timed } from './deadlines.js'
import type { Answer, Failure, PendingCall } from './pending.js'

/** Whoever keeps count of the calls of a port. */
export interface CallKeeper {
  readonly portName: string
  /** It has ended. */
  left(call: MadeCall): void
  /** Its time is over, or its maker lets it go. */
  giveUp(call: MadeCall, failure: (outcome: Outcome) => Failure): void
}

/** Who reads the items of a job. */
export interface ItemSink {
  item(item: unknown): void
  lost(count: number): void
  /** The device took it as a job. @returns true when the deadline shall no longer count */
  accepted(): boolean
}

export interface CallFacts extends Pick<PendingCall, 'action' | 'value' | 'madeAtMs' | 'isEmergency' | 'isRepeatable'> {
  readonly timeoutMs: number
  readonly items: ItemSink | undefined
}

export abstract class MadeCall implements PendingCall, Timed {
  readonly action: Action
  readonly value: Uint8Array | undefined
  readonly madeAtMs: number
  readonly deadlineMs: number
  readonly isEmergency: boolean
  readonly isRepeatable: boolean
  leftBy: Exit | undefined = undefined
  state: PendingCall['state'] = 'queued'
  isTimed: boolean
  stopListening: (() => void) | undefined = undefined
  protected readonly keeper: CallKeeper
  protected readonly timeoutMs: number
  private readonly items: ItemSink | undefined

  constructor(keeper: CallKeeper, facts: CallFacts) {
    this.keeper = keeper
    this.action = facts.action
    this.value = facts.value
    this.madeAtMs = facts.madeAtMs
    this.timeoutMs = facts.timeoutMs
    this.deadlineMs = facts.madeAtMs + facts.timeoutMs
    this.isEmergency = facts.isEmergency
    this.isRepeatable = facts.isRepeatable
    this.items = facts.items
    this.isTimed = Number.isFinite(facts.timeoutMs)
  }

  /** @param mayHaveRun it was written in an earlier session too */
  protected abstract tellAnswer(answer: Answer, mayHaveRun: boolean): void
  protected abstract tellFailure(failure: Failure): void
  protected abstract tellOutcome(outcome: Outcome): void

  accepted(): void {
    if (this.state === 'written') this.state = 'running'
    if (this.items?.accepted()) this.isTimed = false
  }

  answered(answer: Answer): void {
    if (this.leave()) this.tellAnswer(answer, this.leftBy !== undefined)
  }

  item(item: unknown): void {
    this.items?.item(item)
  }

  itemsLost(count: number): void {
    this.items?.lost(count)
  }

  failed(failure: Failure): void {
    if (this.leave()) this.tellFailure(this.leftBy ? unsure(failure, this.leftBy) : failure)
  }

  settled(outcome: Outcome): void {
    // That it did not run this time says nothing of the session before.
    this.tellOutcome(this.leftBy && outcome === 'no' ? 'unknown' : outcome)
  }

  expired(): void {
    this.keeper.giveUp(this, (outcome) => ({ kind: 'timeout', outcome }))
  }

  private leave(): boolean {
    if (this.state === 'ended') return false
    this.state = 'ended'
    this.isTimed = false
    this.stopListening?.()
    this.keeper.left(this)
    return true
  }
}

/** A call whose maker waits for a promise. */
export class PromisedCall extends MadeCall {
  /** Made when the call has failed: what it settles to is told after that. */
  private outcome: Deferred<Outcome> | undefined = undefined
  private readonly resolve: (value: unknown) => void
  private readonly reject: (error: Error) => void

  constructor(keeper: CallKeeper, facts: CallFacts, resolve: (value: unknown) => void, reject: (error: Error) => void) {
    super(keeper, facts)
    this.resolve = resolve
    this.reject = reject
  }

  protected tellAnswer(answer: Answer, mayHaveRun: boolean): void {
    answerCall(this.action, answer, mayHaveRun, this.resolve, this.reject)
  }

  protected tellFailure(failure: Failure): void {
    this.outcome = deferred()
    this.reject(failureError(this.action.name, this.keeper.portName, this.timeoutMs, failure, this.outcome.promise))
  }

  protected tellOutcome(outcome: Outcome): void {
    this.outcome?.resolve(outcome)
  }
}

/** A call whose end nobody waits for: only how many go wrong is counted. */
export class CastCall extends MadeCall {
  private readonly wentWrong: () => void

  constructor(keeper: CallKeeper, facts: CallFacts, wentWrong: () => void) {
    super(keeper, facts)
    this.wentWrong = wentWrong
  }

  protected tellAnswer(answer: Answer): void {
    if (answer.kind !== 'reply') this.wentWrong()
  }

  protected tellFailure(): void {
    this.wentWrong()
  }

  protected tellOutcome(): void {}
}
