/** The numbers of the portwire protocol, version 1: actions, errors, features, tokens. docs/protocol.md says what they mean. */

export const PROTOCOL_VERSION = 1

/** Actions below this number are the application's, from the contract. */
export const FIRST_PROTOCOL_ACTION = 0xf0

export const Action = {
  /** Host: begins a session, answered by REPLY. Device: unasked, the announcement of a boot. */
  HELLO: 0xf0,
  /** Host: are you there, which boot are you, how many plain events did you send? */
  TICK: 0xf1,
  /** Host: reads the descriptor of the contract in pieces. */
  DESCRIBE: 0xf2,
  /** Host: chooses which plain events the device sends. */
  BIND: 0xf3,
  /** Host: restarts the boot that it names, as application or bootloader. */
  RESET: 0xf4,
  /** Device: a line for the log. */
  LOG: 0xf5,
  /** Host: asks for the device's counters. */
  STATS: 0xf6,
  /** Host: nothing more will be sent; the device may still answer. */
  END_OF_INPUT: 0xf7,
  /** Device: its own exit code, the last message of the events. */
  EXIT: 0xf8,
  /** Device: the end of a job. */
  RESULT: 0xf9,
  /** Takes the place of a message that was given up. */
  SKIP: 0xfa,
  /** Device: the call goes on as a job. Host: this event and all before it are finished. */
  ACK: 0xfb,
  /** Host: ends a job early. */
  CANCEL: 0xfc,
  /** Device: progress of a job, or one item of its stream. */
  NEXT: 0xfd,
  /** Answer: the call failed, or did not run at all. */
  ERROR: 0xfe,
  /** Answer: the result of the call. */
  REPLY: 0xff,
} as const
export type ActionNumber = (typeof Action)[keyof typeof Action]

/** Codes of ERROR. 1 to 6: it did not run. 7: it may have run. 8 and up: it ran, or began to. */
export const ErrorNumber = {
  UNKNOWN_ACTION: 1,
  BAD_ARGUMENTS: 2,
  BUSY: 3,
  TOO_LARGE: 4,
  SKIPPED: 5,
  NOT_READY: 6,
  EXPIRED: 7,
  REPLY_GONE: 8,
  CANCELLED: 9,
  FIRST_APPLICATION: 16,
} as const

/** Bits of `features` in the device's hello: what was built into this firmware. */
export const Feature = {
  BIND: 1,
  ACKNOWLEDGED_EVENTS: 2,
  REQUESTS: 4,
  JOBS: 8,
  DESCRIBE: 16,
  STATS: 32,
  LOG: 64,
  RESET_APPLICATION: 128,
  RESET_BOOTLOADER: 256,
  END_OF_INPUT: 512,
  DEAD_MAN: 1024,
  BAUD_RATES: 2048,
} as const

/** Tokens count 1, 2, ... 255, 1 ...; 0 means that no answer is wanted. */
const TOKENS = 255

/** The token after `token` in its lane; after 0, the first one. */
export function nextToken(token: number): number {
  return (token % TOKENS) + 1
}

/** How many steps of `nextToken` lead from one token to another: 0 to 254. */
export function tokenDistance(from: number, to: number): number {
  return (to - from + TOKENS) % TOKENS
}

/** The token of the reliable event with this number, counted from 0 at boot. */
export function eventToken(number: number): number {
  return (number % TOKENS) + 1
}
