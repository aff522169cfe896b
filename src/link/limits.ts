/** Bounds and pauses that the byte streams share. */

export const LINK_LIMITS = {
  /** More queued than this and `write` says false. */
  highWaterBytes: 65_536,
  /** A longer line of text beside the stream is cut. */
  lineBytes: 4_096,
  /** From SIGKILL until a program that cannot even be killed (it waits in the kernel) is given up. */
  unkillableMs: 500,
  /** Output of a program that was told to end is waited for so long after its exit. */
  outputAfterStopMs: 100,
  /** Output is still coming after the program's exit, from a child of it: waited for at most so long. */
  maxOutputAfterExitMs: 2_000,
  /** How often it is looked whether a process group is gone, and a busy tty is free. */
  lookAgainMs: 20,
  /** How often a tty is asked whether it is still there; a hang-up during a read is not told. */
  hangUpCheckMs: 250,
  /** Reads of a tty that may fail with EIO in a row, before the line is down; bytes that come begin the count anew. */
  readFaultsInARow: 3,
  /** From such a read to the next. */
  readFaultPauseMs: 100,
  /** DTR or RTS released for so long by the policy `pulse`; Arduino's own tools take 50 to 250. */
  pulseMs: 100,
  /** The speed that tells a board with native USB to restart when DTR falls: Arduino's convention. */
  touchBaudRate: 1_200,
  /** From such a touch until it is looked for the board: its USB device has gone away by then. Arduino's tools take 250 to 500. */
  touchedMs: 500,
  connectTimeoutMs: 5_000,
  /** Idle time before the first TCP keepalive probe. */
  keepAliveMs: 10_000,
  /** From the end of our output until the connection is cut. */
  closeTimeoutMs: 500,
  maxConnections: 64,
  /** Longest WebSocket message taken. */
  maxMessageBytes: 1_048_576,
  /** Longest WebSocket message sent; more goes in several. */
  messageBytes: 65_536,
} as const
