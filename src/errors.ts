/** Every error that portwire raises: one closed table. Codes are public API, never renamed or reused; docs/errors.md lists them. */

interface ErrorEntry {
  readonly what: string
  readonly hint: string
}

export const ERRORS = {
  ARGUMENT_INVALID: {
    what: 'A value does not have the type that the contract or the option asks for.',
    hint: 'Compare the named argument with its type and range.',
  },
  CALL_ABORTED: {
    what: 'The signal of the call was aborted, or an emergency call overtook it. `outcome` says whether the action ran, as far as it is known.',
    hint: 'A job is told to cancel; finalOutcome says later what became of a call that was written.',
  },
  CALL_TIMEOUT: {
    what: 'No reply came before the deadline of the call. `outcome` says whether the action ran, as far as it is known.',
    hint: 'Raise timeoutMs, or look with port.info() whether the device answers anything.',
  },
  CONFIG_INVALID: {
    what: 'The configuration has a key or a value that is not known.',
    hint: 'Correct the key at the named path.',
  },
  CONTRACT_INVALID: {
    what: 'The contract cannot be used as it is written.',
    hint: 'Correct the named member of the contract.',
  },
  CONTRACT_MISMATCH: {
    what: 'The device was built from another contract than the host.',
    hint: 'Build the firmware from this contract, or open it with the contract it was built from.',
  },
  FEATURE_MISSING: {
    what: 'The device was built without the feature that this needs.',
    hint: 'Build its firmware with that feature; port.info().device.features shows what it has.',
  },
  HELLO_TIMEOUT: {
    what: 'The port opened, but nothing on it said hello in the portwire protocol.',
    hint: 'Check the baud rate, that the board runs portwire firmware, and that TX and RX are crossed.',
  },
  OUTBOX_BUSY: {
    what: 'Another gateway has the folder of the outbox open.',
    hint: 'End the process that is named, or give this gateway a folder of its own with outbox.dir.',
  },
  PERMISSION_DENIED: {
    what: 'This user may not open the port or run the program.',
    hint: 'Add the user to the group that owns the port, then log in again.',
  },
  PORT_AMBIGUOUS: {
    what: 'Several serial ports fit the identity that was named; none was opened.',
    hint: 'Name also what tells them apart: the serial number, the interface, or the USB socket (usbPath).',
  },
  PORT_BUSY: {
    what: 'Another process holds the serial port, or the address of a server.',
    hint: 'Close the program that holds it, or connect to the gateway instead of the device.',
  },
  PORT_EXITED: {
    what: 'The session ended with the call in flight, the port is closed, or the peer reads no more. `outcome` says whether the action ran, as far as it is known.',
    hint: 'Look at `exit` for the reason; repeat the call only if doing it twice does no harm.',
  },
  PORT_FAILED: {
    what: 'The serial port, the program or the connection could not be opened.',
    hint: 'Read the cause.',
  },
  PORT_NOT_FOUND: {
    what: 'There is no serial port, no program or no host of that name.',
    hint: 'Run `portwire list` to see the ports that are there.',
  },
  QUEUE_FULL: {
    what: 'More calls or writes wait than the port holds, or a write would have to wait and may not.',
    hint: 'Wait for drained() before making more, or raise maxQueuedCalls.',
  },
  REMOTE_ERROR: {
    what: 'The device answered the call with an error. `errorNumber` is its number.',
    hint: "Numbers below 16 are the protocol's own, from 16 on the application's.",
  },
  REPLY_INVALID: {
    what: 'The reply cannot be read, or does not have the type that the contract promises; the action may have run.',
    hint: 'Build host and firmware from the same contract.',
  },
  TOO_LARGE: {
    what: 'The message is longer than the peer can take; nothing was sent.',
    hint: 'Send less at once; port.info() shows maxContentBytes.',
  },
  USAGE: {
    what: 'The command line is not understood.',
    hint: 'See portwire --help.',
  },
} as const satisfies Record<string, ErrorEntry>

export type ErrorCode = keyof typeof ERRORS

/** Whether the action of a failed call ran: `no` is certain, `yes` is certain, `unknown` is all that can be said. */
export type Outcome = 'no' | 'yes' | 'unknown'

/** The one error class. The message begins with the code, so that a mangled log keeps it. */
export class PortwireError extends Error {
  override readonly name = 'PortwireError'
  readonly code: ErrorCode
  readonly hint: string

  constructor(code: ErrorCode, message: string, options: { cause?: unknown; hint?: string } = {}) {
    super(`${code}: ${message}`, 'cause' in options ? { cause: options.cause } : undefined)
    this.code = code
    this.hint = options.hint ?? ERRORS[code].hint
  }
}

/** What was thrown, as the one error class; PORT_FAILED where it is another. */
export function asPortwireError(cause: unknown): PortwireError {
  if (cause instanceof PortwireError) return cause
  const message = cause instanceof Error ? cause.message : String(cause)
  return new PortwireError('PORT_FAILED', message, { cause })
}
