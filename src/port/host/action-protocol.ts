/** Which protocol a port speaks, and how: the options for programs that exist already, checked. */

import { PortwireError } from '../../errors.js'
import { createValueCodec, maxPacketContentBytes, type PrefixBytes, type ValueCodec } from '../../wire/index.js'
import { MAX_CONTENT_TO_HOST_BYTES } from '../limits.js'
import { createActionCodec } from './action-codec.js'
import { MAX_LARGE_CONTENT_BYTES } from './raw-packets.js'

/** `portwire`: docs/protocol.md. `action`: its section 21, what programs for Erlang's ports speak. */
export type Protocol = 'portwire' | 'action'

/** How `protocol: 'action'` deals with a peer whose answers have no number. */
export interface ActionOptions {
  /** Requests that may be unanswered, those given up among them. Default 16; on a UART 1. */
  readonly window?: number
  /** A call that times out: `debt` (default) drops its answer when it comes, and restarts the peer when it has not come after
   * the call's timeout once more; `restart` restarts the peer at once, for peers that leave answers out. */
  readonly onTimeout?: 'debt' | 'restart'
  /** An answer like `["error", reason]` or `{error: reason}`: a `result` (default), or an `error` that rejects the call. */
  readonly errorReplies?: 'result' | 'error'
}

export const ACTION_DEFAULTS = { window: 16, uartWindow: 1, onTimeout: 'debt', errorReplies: 'result' } as const

/** The options of a port that say what it speaks. */
export interface ProtocolOptions {
  readonly protocol?: Protocol | undefined
  readonly packet?: PrefixBytes | undefined
  readonly action?: ActionOptions | undefined
}

export interface PortProtocol extends Required<ActionOptions> {
  readonly protocol: Protocol
  /** Frames on a UART, for the portwire protocol; packets with this prefix for all else. */
  readonly framing: 'frames' | PrefixBytes
  /** Bytes of content in front of the value: action and token, or the action alone. */
  readonly headerBytes: 1 | 2
  /** Most content in a packet to the peer, and from it. */
  readonly maxContentBytes: number
  readonly maxReceivedBytes: number
  readonly codec: ValueCodec
}

/** @param contractProtocol  what the contract was defined for
 * @throws ARGUMENT_INVALID  naming the option */
export function portProtocol(
  options: ProtocolOptions,
  lossless: boolean,
  contractProtocol: Protocol = 'portwire',
): PortProtocol {
  const { protocol = 'portwire', packet = 2, action = {} } = options
  if (protocol !== 'portwire' && protocol !== 'action') {
    throw invalid(`protocol: ${JSON.stringify(protocol)} is not 'portwire' or 'action'; bytes both ways are openRaw's`)
  }
  if (protocol === 'portwire' && contractProtocol === 'action') {
    throw invalid("protocol: the contract is one for protocol 'action'; say so in the options of the port too")
  }
  if (packet !== 1 && packet !== 2 && packet !== 4) throw invalid(`packet: ${JSON.stringify(packet)} is not 1, 2 or 4`)
  if (protocol === 'portwire' && !lossless && packet !== 2) {
    throw invalid(`packet: ${packet} does not go with a UART, whose frames have a length of 2 bytes`)
  }
  if (protocol === 'portwire' && options.action) throw invalid(`action: goes with protocol 'action' only`)
  const window = action.window ?? (lossless ? ACTION_DEFAULTS.window : ACTION_DEFAULTS.uartWindow)
  if (!Number.isInteger(window) || window < 1) throw invalid(`action.window: ${window} is not a whole number from 1`)
  const onTimeout = action.onTimeout ?? ACTION_DEFAULTS.onTimeout
  if (onTimeout !== 'debt' && onTimeout !== 'restart') {
    throw invalid(`action.onTimeout: ${JSON.stringify(onTimeout)} is not 'debt' or 'restart'`)
  }
  const errorReplies = action.errorReplies ?? ACTION_DEFAULTS.errorReplies
  if (errorReplies !== 'result' && errorReplies !== 'error') {
    throw invalid(`action.errorReplies: ${JSON.stringify(errorReplies)} is not 'result' or 'error'`)
  }
  const maxContentBytes = maxPacketContentBytes(packet)
  const maxReceivedBytes = Math.min(maxContentBytes, packet === 4 ? MAX_LARGE_CONTENT_BYTES : MAX_CONTENT_TO_HOST_BYTES)
  const limits = packet === 4 ? { maxStringBytes: maxReceivedBytes, maxBinaryBytes: maxReceivedBytes } : {}
  return {
    protocol,
    framing: protocol === 'portwire' && !lossless ? 'frames' : packet,
    headerBytes: protocol === 'action' ? 1 : 2,
    maxContentBytes,
    maxReceivedBytes,
    codec: protocol === 'action' ? createActionCodec(limits) : createValueCodec(limits),
    window,
    onTimeout,
    errorReplies,
  }
}

function invalid(problem: string): PortwireError {
  return new PortwireError('ARGUMENT_INVALID', problem)
}
