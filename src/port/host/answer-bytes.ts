/** How long an answer can be, so that the host does not wait for longer than the line needs before it sends a call again. */

import {
  type Contract,
  type Action as ContractAction,
  longestResultBytes,
  longestUnaskedBytes,
} from '../../contract/index.js'
import { Action } from '../../wire/index.js'
import { SHORT_ANSWER_CONTENT_BYTES } from '../limits.js'

export interface AnswerBytes {
  /** Most content of the answer to a call of an action. */
  ofCall(action: ContractAction): number
  /** Most content of the answer to a call of the protocol's own. */
  ofProtocol(action: number): number
}

/** What stands before a value: action and token, and with events and items of a job a number and an array's head. */
const BEFORE_VALUE_BYTES = 2 + 5 + 9

/** @param deviceContentBytes  most content that the device says it can handle: what is not bounded otherwise */
export function createAnswerBytes(contract: Contract, deviceContentBytes: number): AnswerBytes {
  const atMost = Math.max(deviceContentBytes, SHORT_ANSWER_CONTENT_BYTES)
  const bounded = (valueBytes: number) =>
    Math.min(Math.max(BEFORE_VALUE_BYTES + valueBytes, SHORT_ANSWER_CONTENT_BYTES), atMost)
  // What the device may be in the middle of. What is yet to be learned has no bound.
  const unasked = bounded(contract.learning ? Number.POSITIVE_INFINITY : longestUnaskedBytes(contract))
  const known = new Map<ContractAction, number>()
  return {
    ofCall(action) {
      let bytes = known.get(action)
      if (bytes === undefined) {
        bytes = Math.max(unasked, bounded(longestResultBytes(action.result)))
        known.set(action, bytes)
      }
      return bytes
    },
    ofProtocol: (action) => (action === Action.DESCRIBE ? atMost : unasked),
  }
}
