import { describe, expect, it } from 'vitest'
import { BUILD_TIMEOUT_MS, firmware } from './build.js'

describe('the device library, shown to each compiler with all warnings as errors', () => {
  it('has none on AVR, with and without a core, natively with two compilers, and on a Cortex-M3', {
    timeout: BUILD_TIMEOUT_MS,
  }, async () => {
    const lines = (await firmware('warnings')).trim().split('\n')
    expect(lines.map((line) => line.split(':')[0])).toEqual([
      'avr-g++, ATmega328P without a core',
      'avr-g++, Uno',
      'avr-g++, Leonardo, Serial over USB',
      'avr-g++, Mega without link-time optimisation, the reference firmware',
      'g++, native',
      'clang++-14, native',
      'arm-none-eabi-g++, Cortex-M3',
    ])
    for (const line of lines) expect(line).toMatch(/: c\+\+11, gnu\+\+11, c\+\+17(, c\+\+20)?: .*: no warning$/)
  })
})
