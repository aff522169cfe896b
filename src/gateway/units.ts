/** Durations and sizes as people write them in a config: `250ms`, `30s`, `5m`, `24h`; `256MB`, `1GiB`. */

const DURATION = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/
const MS_PER_UNIT: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** The longest that Node's timers take; a longer one would fire at once. */
const MAX_TIMER_MS = 2 ** 31 - 1

/** Milliseconds, or undefined when `text` is no duration or longer than a timer can wait. A bare 0 needs no unit. */
export function parseDurationMs(text: string | number): number | undefined {
  if (text === 0 || text === '0') return 0
  const match = DURATION.exec(String(text))
  if (!match) return undefined
  const ms = Number(match[1]) * MS_PER_UNIT[match[2]!]!
  return ms <= MAX_TIMER_MS ? ms : undefined
}

const BYTES = /^(\d+(?:\.\d+)?) ?(k|M|G)(i?)B$/
const POWER: Readonly<Record<string, number>> = { k: 1, M: 2, G: 3 }

/** Bytes, or undefined when `text` is no size: `256MB` is 256,000,000, `256MiB` is 268,435,456; a bare number is bytes. */
export function parseBytes(text: string | number): number | undefined {
  if (typeof text === 'number') return text
  const match = BYTES.exec(text)
  return match ? Math.round(Number(match[1]) * (match[3] === 'i' ? 1_024 : 1_000) ** POWER[match[2]!]!) : undefined
}
