/** Foreign text for a terminal or a log. What a device or a stranger on MQTT has chosen must not move the cursor, clear the screen,
 * begin a line of its own, or turn around the text beside it. */

import { LIMITS } from './limits.js'

/** C0, DEL and C1; line and paragraph separators; the bidirectional controls of Unicode (UAX #9). */
const UNPRINTABLE = /[\p{Cc}\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu
const UNPRINTABLE_ONE = new RegExp(UNPRINTABLE.source, 'u')

/** The same text on one line, escaped where it is not to be printed, and cut when it is longer than `maxChars`. */
export function printable(text: string, maxChars: number = LIMITS.lineChars): string {
  const cut = text.length > maxChars ? `${text.slice(0, maxChars)}…` : text
  return cut.replace(UNPRINTABLE, escaped)
}

/** What one unprintable character takes at most, escaped and then quoted in JSON: `\\u202e`. */
const ESCAPED_BYTES = 7

/** The same text cut so that, escaped by `printable` or `printableJson` and quoted in JSON, it has at most `maxBytes` bytes of UTF-8. */
export function cutLine(text: string, maxBytes: number): string {
  // Every character takes a byte at least, so the rest of a long text need not be looked at.
  if (text.length * ESCAPED_BYTES <= maxBytes) return text
  const room = maxBytes - Buffer.byteLength('…')
  let bytes = 0
  let fits = 0
  for (const char of text.slice(0, maxBytes + 1)) {
    bytes += quotedBytes(char)
    if (bytes > maxBytes) return `${text.slice(0, fits)}…`
    if (bytes <= room) fits += char.length
  }
  return text
}

function quotedBytes(char: string): number {
  if (char === '"' || char === '\\') return 2
  const code = char.codePointAt(0)!
  if (code < 0x20 || (code >= 0xd800 && code < 0xe000) || UNPRINTABLE_ONE.test(char)) return ESCAPED_BYTES
  return code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4
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
