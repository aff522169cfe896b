/** The EEPROM of a board: it outlives every reset, until its bytes are worn out. */

import { type EEPROMBackend, EEPROMMemoryBackend } from 'avr8js'

/** ATmega328P data sheet, 8.4. */
const EEPROM_BYTES = 1024

export interface Eeprom extends EEPROMBackend {
  readonly memory: Uint8Array
}

/** @param contents  what it begins with; the rest is 0xFF
 * @param isWorn  asked at each write: whether the byte keeps what it holds */
export function createEeprom(contents: Uint8Array | undefined, isWorn: (address: number) => boolean): Eeprom {
  const backend = new EEPROMMemoryBackend(EEPROM_BYTES)
  if (contents) backend.memory.set(contents)
  return {
    memory: backend.memory,
    readMemory: (address) => backend.readMemory(address),
    writeMemory(address, value) {
      if (!isWorn(address)) backend.writeMemory(address, value)
    },
    eraseMemory(address) {
      if (!isWorn(address)) backend.eraseMemory(address)
    },
  }
}
