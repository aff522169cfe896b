/** Bounds of the bridge, in one place. */

export const STDIO_DEFAULTS = {
  /** A little below the 5,000 ms that clients wait, so that the answer `timeout` is there before they give up. */
  callTimeoutMs: 4_900,
  readyTimeoutMs: 10_000,
  /** For a program that is just leaving; a monitor or a gateway that stays is an error after it. */
  lockWaitMs: 2_000,
} as const

/** Of what is written to the client. What stands around a value comes on top of what a port takes, and must not make one that
 * was taken too large; how long it may be is the packet's to say. */
export const SENT_VALUE_LIMITS = {
  maxDepth: 32,
  maxNodes: 8192,
  maxArrayLength: 2048,
  maxStringBytes: 0x7fffffff,
  maxBinaryBytes: 0x7fffffff,
} as const

/** Longest request and longest reply, whatever the prefix could say. */
export const MAX_PACKET_BYTES = 65_535

/** Requests taken and not answered; what comes beyond that is held, and in the end left in the client's pipe, so that it waits as
 * for any slow program. */
export const MAX_WAITING_REQUESTS = 256

/** Requests held before the pipe is left alone. */
export const MAX_HELD_REQUEST_BYTES = 4 * 1024 * 1024

/** Events that wait for a client that does not read, under `--notify`; the newest beyond are dropped, counted and said. */
export const MAX_WAITING_NOTICES = 25_000
export const MAX_WAITING_NOTICE_BYTES = 16 * 1024 * 1024

/** Open jobs of a client under `--notify`. */
export const MAX_JOBS = 256

/** How often a busy port is tried. */
export const LOCK_RETRY_MS = 20

/** Pauses between tries to reach a board that is gone; a replugged one is seen at once. */
export const RETRY = { firstMs: 50, maxMs: 1_000 } as const

/** What is written is given so long to leave; a client that does not read must not keep the program, nor the tty. */
export const LEAVE_MS = 100
