/** Every bound, timeout and pause of a port, in one place. docs/limits.md lists them. */

/** What a port takes when its options say nothing. */
export const PORT_DEFAULTS = {
  callTimeoutMs: 5_000,
  /** Longest boot that opening the port may cause (2 s on boards with a slow bootloader) with room for noise. */
  readyTimeoutMs: 10_000,
  heartbeatMs: 1_000,
  missedHeartbeats: 3,
  maxQueuedCalls: 1_024,
} as const

/** Calls and casts made and not ended, as a share of maxQueuedCalls: above `high` cast says false, and drained() waits until
 * there are at most `low`. */
export const BUSY_SHARE = { high: 0.5, low: 0.25 } as const

/** A link that does not close in this time is given up: the port may be opened again, or counts as closed. */
export const RELEASE_TIMEOUT_MS = 5_000

/** HELLO goes out at this pace at first, at the slow one after `slowAfterMs`. */
export const HELLO_PACE = { firstMs: 250, slowAfterMs: 2_000, slowMs: 1_000, answerToAnnouncementMs: 20 } as const

/** A change of the baud rate. The device: `trialMs` without a good frame after a change, or three heartbeats later on, and it is
 * at its opening rate again; it changes only for a host whose heartbeat is at most `maxHeartbeatMs`. The host: it asks for
 * `askMs` for another rate and for `lowerMs` for the opening one, and the TICK that confirms has `confirmMs`, less than the
 * device's trial. Then it says hello at the opening rate until it is answered. After RESET it changes with a pause of
 * `afterResetMs`, in which a converter's buffer leaves. */
export const BAUD_RATE = {
  askMs: 500,
  confirmMs: 750,
  lowerMs: 500,
  trialMs: 1_000,
  maxHeartbeatMs: 2_000,
  afterResetMs: 20,
  maxRates: 16,
} as const

/** A raised rate is given up when of at least `minFrames` frames in `windowMs` more than `share` were damaged or lost. */
export const BAUD_RATE_ERRORS = { windowMs: 10_000, minFrames: 50, share: 0.05 } as const

/** After a rate has failed none is asked for at the start of a session for so long; the time doubles with each failure that
 * comes before a raised rate has held for `provenMs`. */
export const BAUD_RATE_HOLD_OFF = { firstMs: 60_000, maxMs: 3_600_000, provenMs: 600_000 } as const

/** Heartbeats without a good frame after which a device takes the host for gone, whatever that has been told of a silent device. */
export const SILENT_HEARTBEATS = 3

/** What the missedHeartbeats of a port may be: a TICK goes out after one without a frame, and needs another in which to be answered. */
export const MISSED_HEARTBEATS = { min: 2, max: 100 } as const

/** A board on a serial line that has gone silent is told to be repeated to after so many heartbeats; then each rung has so long
 * to bring a session up (a boot with a slow bootloader takes 2 s). */
export const RECOVERY = { lateHeartbeats: 1.5, helloMs: 1_000, resetMs: 3_000, pulseMs: 3_000 } as const

/** Retransmission timer (RFC 6298 with our bounds). At most one heartbeat, or `maxMs` where there is no heartbeat. After
 * `steadyCopies` each pause is longer or shorter by up to this share of it. */
export const REPEAT_TIMER = { firstMs: 250, minMs: 10, maxMs: 1_000, steadyCopies: 4, jitter: 0.25 } as const

/** A line that calls keep busy is asked by TICK after so many heartbeats without one: else its round trip would not be measured, nor
 * would plain events that were lost be counted, until it is quiet. */
export const BUSY_TICK_HEARTBEATS = 4

/** Content of what every device may answer: ERROR with its text, TICK, STATS. Longer only where the contract or DESCRIBE says so. */
export const SHORT_ANSWER_CONTENT_BYTES = 64

/** Silence on the line after which a text without a line end counts as a console line. */
export const CONSOLE_IDLE_MS = 50

/** Content that the host takes from a device: what the 2-byte length can say. */
export const MAX_CONTENT_TO_HOST_BYTES = 65_535

/** Reliable events taken from the line and not yet finished by their consumer; a device sends at most its window ahead. */
export const MAX_UNFINISHED_EVENTS = 64

/** A later event fewer than so many ahead proves a gap; farther it is a repeat of an old one. */
export const MAX_EVENT_GAP = 127

/** Answers to requests of the device that are kept for repeats; it has one unanswered at a time. */
export const KEPT_REQUEST_ANSWERS = 8

/** Items of a stream, or messages of a mailbox, that wait for their reader; beyond, the newest is dropped and counted. */
export const MAX_WAITING_ITEMS = 1_024

/** Ending a board: RESET so often, then DTR and RTS low for a moment (an Uno's capacitor needs well under 100 ms). */
export const KILL = { resets: 3, resetPauseMs: 250, pulseMs: 100 } as const

/** First bytes that came before hello, kept for the error message. */
export const MAX_SAMPLE_BYTES = 64

/** Window that a host accepts from a device. */
export const MAX_WINDOW = 64

/** What the host says that it can hold unanswered: its side reads at once. */
export const HOST_WINDOW_BYTES = 65_535

/** A device's own timer; the C++ library has the same. */
export const DEVICE_DEFAULTS = {
  /** First repeat of an event; then twice the last pause, up to a quarter of the host's heartbeat. */
  firstRepeatMs: 50,
  /** A heartbeat that the host's HELLO does not tell. */
  defaultHeartbeatMs: 1_000,
  /** Repeats that have come to that quarter come earlier at random, by up to this share of what the pause is above the first. */
  unevenShare: 0.25,
  /** A handler that takes longer goes on as a job, so that the window does not fill with slow calls. */
  jobAfterMs: 100,
  /** Deadline of a request when the device names none. */
  askDeadlineMs: 3_000,
  /** Of the contract's descriptor in one answer to DESCRIBE: short, so that a noisy line lets it through. At a bit error rate of 1e-3
   * one in three arrives; of one with 4,096 bytes none would. */
  describeBytes: 128,
} as const

/** What a device may send before it has told its contract; beyond either the session ends. A device repeats what is not
 * acknowledged, a program on a lossless link does not: nothing of it may be dropped. */
export const DESCRIBE_HOLD = { messages: 1_024, bytes: 1_048_576 } as const
