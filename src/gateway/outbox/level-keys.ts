/** Keys of the database: `e` and the position (u64 big-endian, so that LevelDB's order is that of the positions), `m` for the
 * mark, `n` and a device for its last number. */

const EVENT = 0x65
const NUMBER = 0x6e
export const MARK_KEY = Buffer.from('m')
/** Numbers are from here to below. */
export const NUMBERS_FROM = Buffer.from('n')
export const NUMBERS_BELOW = Buffer.from('o')

const EVENT_KEY_BYTES = 9

export type Key =
  | { readonly kind: 'event'; readonly position: number }
  | { readonly kind: 'mark' }
  | { readonly kind: 'number'; readonly device: string }

export function eventKey(position: number): Buffer {
  const key = Buffer.allocUnsafe(EVENT_KEY_BYTES)
  key[0] = EVENT
  key.writeUInt32BE(Math.floor(position / 2 ** 32), 1)
  key.writeUInt32BE(position % 2 ** 32, 5)
  return key
}

export function numberKey(device: string): Buffer {
  return Buffer.concat([NUMBERS_FROM, Buffer.from(device)])
}

export function decodeKey(key: Buffer): Key | undefined {
  if (key[0] === EVENT && key.length === EVENT_KEY_BYTES) {
    const position = key.readUInt32BE(1) * 2 ** 32 + key.readUInt32BE(5)
    return position <= Number.MAX_SAFE_INTEGER ? { kind: 'event', position } : undefined
  }
  if (key.equals(MARK_KEY)) return { kind: 'mark' }
  return key[0] === NUMBER ? { kind: 'number', device: key.toString('utf8', 1) } : undefined
}
