/** Bounds of the event server, in one place. */

export const EVENT_SERVER_DEFAULTS = {
  /** Nothing asks who is there, so nobody from outside is let in unless told so. */
  host: '127.0.0.1',
  /** Bytes of the length in front of a packet. */
  packet: 2,
  /** Events that wait for a subscriber that does not read; mod_kazoo's figure. */
  maxQueued: 25_000,
  /** Their bytes, as an event may have up to 65,535 of them. */
  maxQueuedBytes: 16 * 1024 * 1024,
} as const

/** Of an event that is sent on. Its name, its id and fields that its device does not know come on top of what a port takes, and
 * must not make one that was taken too large; how long it may be is the packet's to say. */
export const SENT_EVENT_LIMITS = {
  maxDepth: 32,
  maxNodes: 8192,
  maxArrayLength: 2048,
  maxStringBytes: 0x7fffffff,
  maxBinaryBytes: 0x7fffffff,
} as const

/** Silence on the socket after which the operating system asks whether the subscriber is still there. */
export const KEEPALIVE_MS = 10_000

/** A subscriber that was replaced may take what was on its way; then it is cut off. */
export const REPLACED_MS = 1_000
