/** HELLO: what both sides say of themselves before anything else, as the plain arrays that travel.
 *
 * Fields are told apart by position. A later version appends; what is missing or nil means what is said beside each field.
 */

export interface HostHello {
  readonly version: number
  /** 32 bits that the host draws for each hello; the reply repeats them. */
  readonly session: number
  /** Bytes that the host can hold unanswered; 0 (also when missing): no limit. */
  readonly windowBytes: number
  /** Pause after which the host sends a TICK; 0 when missing: not said. */
  readonly heartbeatMs: number
  /** Bits per second that the device is to change to when it has answered; null (also when missing): its opening rate. */
  readonly baudRate: number | null
}

export interface DeviceHello {
  readonly version: number
  /** Of the HELLO that this one answers; null: an announcement, nobody asked. */
  readonly session: number | null
  /** Names this boot; no two boots share it. */
  readonly epoch: number
  /** Why the device restarted: 0 unknown (also when missing), 1 power on, 2 external, 3 brown-out, 4 watchdog, 5 software. */
  readonly resetCause: number
  /** What the receive ring holds; 0 (also when missing): no limit. */
  readonly receiveBytes: number
  /** The longest content that the device takes; 65,535 when missing. */
  readonly maxContent: number
  /** Calls that it takes unanswered, events that it sends ahead: 1 (also when missing) to 64. */
  readonly window: number
  /** Of the contract's descriptor; 0 when missing. */
  readonly contractHash: number
  /** Number of the oldest reliable event that is kept, or of the next; 0 when missing. */
  readonly eventSeq: number
  /** Silence after which the device puts its outputs into the safe state; 0 (also when missing): never. */
  readonly deadManMs: number
  /** Sum of `Feature` bits; 0 when missing. */
  readonly features: number
  /** Since the boot; 0 when missing. */
  readonly uptimeMs: number
  /** The three texts are null when they do not fit the device's reply; DESCRIBE tells them then. */
  readonly firmwareVersion: string | null
  readonly contractName: string | null
  readonly contractVersion: string | null
  /** Bits per second that it can change to, by a HELLO that asks for one; null (also when missing): none. */
  readonly baudRates: readonly number[] | null
}

const U8_MAX = 0xff
const U32_MAX = 0xffffffff
/** Content is never longer than its 16-bit length field can say. */
const MAX_CONTENT_BYTES = 0xffff
const MAX_WINDOW = 64
/** A longer list of rates is not looked at. */
const MAX_BAUD_RATES = 16

/** The value of the host's HELLO. */
export function encodeHostHello(hello: HostHello): unknown[] {
  const { version, session, windowBytes, heartbeatMs, baudRate } = hello
  return [version, session, windowBytes, heartbeatMs, ...(baudRate === null ? [] : [baudRate])]
}

/** Reads the value of a host's HELLO. Undefined when a field has another type or range than version 1 gives it. */
export function decodeHostHello(value: unknown): HostHello | undefined {
  if (!Array.isArray(value)) return undefined
  const [versionField, sessionField, windowBytesField, heartbeatField, baudRateField] = value as unknown[]
  const version = unsigned(versionField, U8_MAX)
  const session = unsigned(sessionField, U32_MAX)
  const windowBytes = unsigned(windowBytesField ?? 0, U32_MAX)
  const heartbeatMs = unsigned(heartbeatField ?? 0, U32_MAX)
  if (!version || session === undefined || windowBytes === undefined || heartbeatMs === undefined) return undefined
  // Appended to version 1: those who do not know it do not look at it, so what is none must not make the whole no hello.
  const baudRate = unsigned(baudRateField, U32_MAX) || null
  return { version, session, windowBytes, heartbeatMs, baudRate }
}

/** The value of the device's HELLO, reply and announcement alike. */
export function encodeDeviceHello(hello: DeviceHello): unknown[] {
  return [
    hello.version,
    hello.session,
    hello.epoch,
    hello.resetCause,
    hello.receiveBytes,
    hello.maxContent,
    hello.window,
    hello.contractHash,
    hello.eventSeq,
    hello.deadManMs,
    hello.features,
    hello.uptimeMs,
    hello.firmwareVersion,
    hello.contractName,
    hello.contractVersion,
    ...(hello.baudRates === null ? [] : [hello.baudRates]),
  ]
}

/** Reads the value of a device's HELLO. Undefined when a field has another type or range than version 1 gives it. */
export function decodeDeviceHello(value: unknown): DeviceHello | undefined {
  if (!Array.isArray(value)) return undefined
  const fields = value as unknown[]
  const version = unsigned(fields[0], U8_MAX)
  const session = fields[1] == null ? null : unsigned(fields[1], U32_MAX)
  const epoch = unsigned(fields[2], U32_MAX)
  const resetCause = unsigned(fields[3] ?? 0, U8_MAX)
  const receiveBytes = unsigned(fields[4] ?? 0, U32_MAX)
  const maxContent = unsigned(fields[5] ?? MAX_CONTENT_BYTES, MAX_CONTENT_BYTES)
  const window = unsigned(fields[6] ?? 1, MAX_WINDOW)
  const contractHash = unsigned(fields[7] ?? 0, U32_MAX)
  const eventSeq = unsigned(fields[8] ?? 0, U32_MAX)
  const deadManMs = unsigned(fields[9] ?? 0, U32_MAX)
  const features = unsigned(fields[10] ?? 0, U32_MAX)
  const uptimeMs = unsigned(fields[11] ?? 0, U32_MAX)
  const firmwareVersion = text(fields[12])
  const contractName = text(fields[13])
  const contractVersion = text(fields[14])
  const baudRates = rates(fields[15])
  if (
    !version ||
    session === undefined ||
    epoch === undefined ||
    resetCause === undefined ||
    receiveBytes === undefined ||
    maxContent === undefined ||
    !window ||
    contractHash === undefined ||
    eventSeq === undefined ||
    deadManMs === undefined ||
    features === undefined ||
    uptimeMs === undefined ||
    firmwareVersion === undefined ||
    contractName === undefined ||
    contractVersion === undefined
  ) {
    return undefined
  }
  return {
    version,
    session,
    epoch,
    resetCause,
    receiveBytes,
    maxContent,
    window,
    contractHash,
    eventSeq,
    deadManMs,
    features,
    uptimeMs,
    firmwareVersion,
    contractName,
    contractVersion,
    baudRates,
  }
}

function unsigned(field: unknown, max: number): number | undefined {
  return typeof field === 'number' && Number.isInteger(field) && field >= 0 && field <= max ? field : undefined
}

/** Appended like the host's `baudRate`: what is no list of rates is none, and no fault. */
function rates(field: unknown): readonly number[] | null {
  if (!Array.isArray(field) || field.length === 0 || field.length > MAX_BAUD_RATES) return null
  return field.every((rate) => unsigned(rate, U32_MAX)) ? (field as number[]) : null
}

function text(field: unknown): string | null | undefined {
  if (field == null) return null
  return typeof field === 'string' ? field : undefined
}
