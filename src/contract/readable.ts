/** Texts of a contract in the code that is made of it. They may be a stranger's: code must read as it runs. */

/** Control characters, half pairs, and marks that turn the direction of writing (UAX #9): shown, such a line reads otherwise than it
 * is compiled. */
const UNREADABLE = /[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]|\p{Cs}/gu

/** The same on one line, with blanks in the place of what cannot be read. */
export function readableLine(text: string): string {
  return text.replace(UNREADABLE, ' ').replace(/\s+/g, ' ').trim()
}

/** For a literal of JSON or JavaScript: the same text, escaped where it cannot be read. */
export function readableLiteral(literal: string): string {
  return literal.replace(UNREADABLE, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
