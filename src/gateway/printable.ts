/** Foreign text for a terminal or a log. What a device or a stranger on MQTT has chosen must not move the cursor, clear the screen,
 * begin a line of its own, or turn around the text beside it. */

import { LIMITS } from './limits.js'

/** C0, DEL and C1; line and paragraph separators; the bidirectional controls of Unicode (UAX #9). */
const UNPRINTABLE = /[\p{Cc}\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu

/** The same text on one line, escaped where it is not to be printed, and cut when it is longer than `maxChars`. */
export function printable(text: string, maxChars: number = LIMITS.lineChars): string {
  const cut = text.length > maxChars ? `${text.slice(0, maxChars)}…` : text
  return cut.replace(UNPRINTABLE, escaped)
}

/** A name that somebody else has chosen, for an error. */
export function shownName(name: string): string {
  return printable(name, LIMITS.nameChars)
}

/** The same of JSON text, which stays JSON and means the same. */
export function printableJson(json: string): string {
  return json.replace(UNPRINTABLE, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

function escaped(char: string): string {
  if (char === '\n') return '\\n'
  if (char === '\r') return '\\r'
  if (char === '\t') return '\\t'
  const code = char.charCodeAt(0)
  return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`
}
