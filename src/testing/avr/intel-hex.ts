/** Reads Intel HEX, the text in which avr-objcopy and the Arduino tools leave a firmware image. */

/** Flash of an ATmega328P. */
export const FLASH_BYTES = 32_768

const RECORD = {
  data: 0,
  endOfFile: 1,
  extendedSegment: 2,
  startSegment: 3,
  extendedLinear: 4,
  startLinear: 5,
} as const

/**
 * The flash contents that an Intel HEX text describes; bytes it does not name are 0xFF, as in erased flash.
 * @throws Error  naming the line, when a record is damaged, does not fit the flash, or the end record is missing
 */
export function parseIntelHex(text: string, flashBytes = FLASH_BYTES): Uint8Array {
  const flash = new Uint8Array(flashBytes).fill(0xff)
  const lines = text.split(/\r?\n/)
  let base = 0
  for (const [index, raw] of lines.entries()) {
    const line = raw.trim()
    if (line === '') continue
    const record = parseRecord(line, index + 1)
    switch (record.type) {
      case RECORD.data: {
        const address = base + record.address
        if (address + record.data.length > flashBytes) {
          throw hexError(index + 1, `data at 0x${address.toString(16)} lies outside the ${flashBytes} bytes of flash`)
        }
        flash.set(record.data, address)
        break
      }
      case RECORD.endOfFile:
        return flash
      case RECORD.extendedSegment:
        base = ((record.data[0]! << 8) | record.data[1]!) * 16
        break
      case RECORD.extendedLinear:
        base = ((record.data[0]! << 8) | record.data[1]!) * 65_536
        break
      case RECORD.startSegment:
      case RECORD.startLinear:
        break
      default:
        throw hexError(index + 1, `record type ${record.type} is not known`)
    }
  }
  throw new Error('Intel HEX: there is no end record (:00000001FF); the image is cut short or is not a HEX file.')
}

function parseRecord(line: string, lineNumber: number): { type: number; address: number; data: Uint8Array } {
  if (!/^:(?:[0-9A-Fa-f]{2}){5,}$/.test(line)) {
    throw hexError(lineNumber, `a record is ":" and pairs of hex digits, this is "${line.slice(0, 40)}"`)
  }
  const bytes = Uint8Array.from(Buffer.from(line.slice(1), 'hex'))
  const declared = bytes[0]! + 5
  if (bytes.length !== declared) {
    throw hexError(lineNumber, `the record says ${declared} bytes, but has ${bytes.length}`)
  }
  let sum = 0
  for (const byte of bytes) sum = (sum + byte) & 0xff
  if (sum !== 0) {
    const found = bytes[bytes.length - 1]!
    const right = (found - sum) & 0xff
    throw hexError(lineNumber, `the checksum is 0x${hex(found)}, but the record adds up to 0x${hex(right)}`)
  }
  return { type: bytes[3]!, address: (bytes[1]! << 8) | bytes[2]!, data: bytes.subarray(4, -1) }
}

const hex = (byte: number) => byte.toString(16).toUpperCase().padStart(2, '0')

const hexError = (lineNumber: number, what: string) => new Error(`Intel HEX, line ${lineNumber}: ${what}.`)
