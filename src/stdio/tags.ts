/** What tells packets apart under `--notify`: the first byte of each towards the client, and the action of a command. */

import { Action } from '../wire/index.js'

/** As circuits_uart has them. */
export const TAG = {
  /** `r`: the answer to a request. */
  reply: 0x72,
  /** `n`: something that was not asked for. */
  notice: 0x6e,
} as const

/** The action of a request that is for the bridge itself; on the line this number is an answer and never a call. */
export const COMMAND_ACTION = Action.REPLY

/** Content with one byte in front that says what it is. */
export function tagged(tag: number, content: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(1 + content.length)
  bytes[0] = tag
  bytes.set(content, 1)
  return bytes
}
