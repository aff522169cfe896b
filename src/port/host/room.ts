/** Room in the device's receive ring, counted by proof only: bytes are read when an answer shows it, never by time. */

export interface Room {
  /** Counts what was written; returns the position behind it, which an answer may prove as read later. */
  wrote(bytes: number): number
  /** The device has read everything up to this position. */
  proved(position: number): void
  /** True when so many bytes more cannot overrun the ring, however long the device does not read. */
  fits(bytes: number): boolean
}

/** @param ringBytes what the device announced; 0 is no limit */
export function createRoom(ringBytes: number): Room {
  let written = 0
  let read = 0
  return {
    wrote(bytes) {
      written += bytes
      return written
    },
    proved(position) {
      if (position > read) read = position
    },
    fits: (bytes) => ringBytes === 0 || written - read + bytes <= ringBytes,
  }
}
