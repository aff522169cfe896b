/** Values for a person: `celsius=21.5 humidity=43.7`. Texts of a device are shown as what they are, and do nothing to the terminal. */

import { printable } from '../gateway/printable.js'

/** A decoded JSON value on one line. */
export function showValue(value: unknown): string {
  if (value === null || value === undefined) return '-'
  if (typeof value === 'string') return printable(value, Number.POSITIVE_INFINITY)
  // Five digits are enough to read; --json has them all.
  if (typeof value === 'number' && !Number.isInteger(value)) return String(Number(value.toPrecision(5)))
  return printable(JSON.stringify(value), Number.POSITIVE_INFINITY)
}

/** Named values on one line. */
export function showMembers(members: Readonly<Record<string, unknown>>): string {
  return Object.entries(members)
    .map(([name, value]) => `${printable(name)}=${showValue(value)}`)
    .join(' ')
}

/** The result of a call: a value, named values a line each, or `ok` for an action that gives nothing back. */
export function showResult(data: unknown): string {
  if (data === null || data === undefined) return 'ok'
  if (typeof data === 'object' && !Array.isArray(data)) {
    return Object.entries(data)
      .map(([name, value]) => `${printable(name)}=${showValue(value)}`)
      .join('\n')
  }
  return showValue(data)
}

/** Time of day, to the millisecond. */
export function showTime(at: Date): string {
  const two = (n: number) => String(n).padStart(2, '0')
  const ms = String(at.getMilliseconds()).padStart(3, '0')
  return `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}.${ms}`
}
