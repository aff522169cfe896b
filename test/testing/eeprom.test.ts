import { describe, expect, it } from 'vitest'
import { createEeprom } from '../../src/testing/avr/eeprom.js'

describe('the EEPROM of an emulated board', () => {
  it('begins with what it is given, the rest erased', () => {
    const eeprom = createEeprom(Uint8Array.of(1, 2), () => false)
    expect([0, 1, 2, 1023].map((address) => eeprom.readMemory(address))).toEqual([1, 2, 0xff, 0xff])
  })

  it('keeps what was written, and has it in its memory', () => {
    const eeprom = createEeprom(undefined, () => false)
    eeprom.eraseMemory(7)
    eeprom.writeMemory(7, 0x5a)
    expect(eeprom.readMemory(7)).toBe(0x5a)
    expect(eeprom.memory[7]).toBe(0x5a)
  })

  it('neither erases nor writes a byte from the moment that it is worn out', () => {
    const worn = new Set<number>()
    const eeprom = createEeprom(Uint8Array.of(1, 2), (address) => worn.has(address))
    worn.add(1)
    for (const address of [0, 1]) {
      eeprom.eraseMemory(address)
      eeprom.writeMemory(address, 9)
    }
    expect([...eeprom.memory.subarray(0, 2)]).toEqual([9, 2])
  })
})
