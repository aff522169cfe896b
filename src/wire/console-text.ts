/** What counts as console text: valid UTF-8 of printable characters, tab, line ends and ESC.
 *
 * The C1 controls U+0080 to U+009F are not printable: a terminal takes them as commands.
 */

/** 1 for bytes that can begin a character of console text. */
const STARTS_CHARACTER = startTable()

/** Bytes of the character of console text at `at`; 0 when the bytes up to `end` are only its beginning, -1 when it is none. */
export function characterBytes(bytes: Uint8Array, at: number, end: number): number {
  const first = bytes[at]!
  if (STARTS_CHARACTER[first] === 0) return -1
  if (first < 0x80) return 1
  // The bounds of the second byte refuse overlong forms, C1 controls, surrogates and what is above U+10FFFF.
  const width = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4
  const secondFrom = first === 0xc2 || first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80
  const secondTo = first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf
  for (let index = 1; index < width; index++) {
    if (at + index >= end) return 0
    const byte = bytes[at + index]!
    if (index === 1 ? byte < secondFrom || byte > secondTo : byte < 0x80 || byte > 0xbf) return -1
  }
  return width
}

/** False when the run cannot be text, by its first two bytes alone: true of nearly every frame, whose length field stands
 * there. */
export function mayBeText(bytes: Uint8Array, from: number, to: number): boolean {
  const first = bytes[from]!
  if (STARTS_CHARACTER[first] === 0) return false
  return first >= 0x80 || from + 1 >= to || STARTS_CHARACTER[bytes[from + 1]!] === 1
}

function startTable(): Uint8Array {
  const table = new Uint8Array(256)
  table.fill(1, 0x20, 0x7f)
  table.fill(1, 0xc2, 0xf5)
  for (const control of [0x09, 0x0a, 0x0d, 0x1b]) table[control] = 1
  return table
}
