/** What a device answers to the protocol's own calls, besides TICK and SKIP: DESCRIBE, BIND, STATS, END_OF_INPUT, CANCEL. */

import { type Contract, descriptorOf } from '../../contract/index.js'
import { Action, ErrorNumber } from '../../wire/index.js'
import { DEVICE_DEFAULTS } from '../limits.js'
import type { CallAnswer, CallServer } from './calls.js'
import type { DeviceCounters } from './types.js'

/** What such a call may change of its session. */
export interface ProtocolCallTarget {
  readonly calls: Pick<CallServer, 'cancel'>
  /** Plain events that the host listens to, by index. */
  readonly bound: Set<number>
}

export type ProtocolCalls = (target: ProtocolCallTarget, action: number, value: unknown, answer: CallAnswer) => void

const LARGEST_TOKEN = 255

export function createProtocolCalls(options: {
  readonly contract: Contract
  readonly counters: DeviceCounters
  readonly endOfInput: () => void
}): ProtocolCalls {
  const { contract, counters } = options
  const descriptor = descriptorOf(contract)
  const highestIndex = Math.max(-1, ...contract.byIndex.keys())

  return (target, action, value, answer) => {
    const refuse = () => answer.error(ErrorNumber.BAD_ARGUMENTS)
    switch (action) {
      case Action.DESCRIBE: {
        if (!isWhole(value, 0xffff_ffff)) return refuse()
        return answer.reply([descriptor.length, descriptor.slice(value, value + DEVICE_DEFAULTS.describeBytes)])
      }
      case Action.BIND: {
        const [index, on] = Array.isArray(value) ? (value as unknown[]) : []
        if (!isWhole(index, highestIndex) || typeof on !== 'boolean') return refuse()
        if (on) target.bound.add(index)
        else target.bound.delete(index)
        return answer.reply(0)
      }
      case Action.STATS: {
        if (value !== null) return refuse()
        const { taken, repeatsAnswered, refusedTokens, refusedMessages, framesDropped, eventsDropped } = counters
        return answer.reply([taken, repeatsAnswered, refusedTokens, refusedMessages, framesDropped, eventsDropped])
      }
      case Action.END_OF_INPUT:
        if (value !== null) return refuse()
        answer.reply(0)
        return options.endOfInput()
      case Action.CANCEL:
        if (!isWhole(value, LARGEST_TOKEN)) return refuse()
        answer.reply(0)
        return target.calls.cancel(value)
      default:
        return answer.error(ErrorNumber.UNKNOWN_ACTION)
    }
  }
}

function isWhole(value: unknown, largest: number): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= largest
}
