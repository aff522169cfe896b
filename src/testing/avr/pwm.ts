/** The duty of an Uno's six PWM outputs, read from the timers' registers. */

import type { Chip } from './chip.js'

interface PwmOutput {
  readonly timer: 0 | 1 | 2
  readonly tccra: number
  /** Where the two COM bits lie in TCCRnA. */
  readonly comShift: 4 | 6
  readonly ocr: number
  readonly wide: boolean
}

const OUTPUTS: Readonly<Record<number, PwmOutput>> = {
  3: { timer: 2, tccra: 0xb0, comShift: 4, ocr: 0xb4, wide: false },
  5: { timer: 0, tccra: 0x44, comShift: 4, ocr: 0x48, wide: false },
  6: { timer: 0, tccra: 0x44, comShift: 6, ocr: 0x47, wide: false },
  9: { timer: 1, tccra: 0x80, comShift: 6, ocr: 0x88, wide: true },
  10: { timer: 1, tccra: 0x80, comShift: 4, ocr: 0x8a, wide: true },
  11: { timer: 2, tccra: 0xb0, comShift: 6, ocr: 0xb3, wide: false },
}

const FAST_PWM_MODES_8 = [3, 7]
const FAST_PWM_MODES_16 = [5, 6, 7, 14, 15]

/** 0 to 1; undefined where no timer has the pin. */
export function pwmDuty(chip: Chip, pin: number): number | undefined {
  const output = OUTPUTS[pin]
  if (output === undefined) return undefined
  const { data } = chip.cpu
  const com = (data[output.tccra]! >> output.comShift) & 3
  if (com < 2) return undefined
  const compare = data[output.ocr]! | (output.wide ? data[output.ocr + 1]! << 8 : 0)
  const timer = chip.timers[output.timer]
  const top = timer.TOP
  if (top === 0) return undefined
  // Fast PWM is high for one tick more than the compare value says, phase-correct PWM is not (data sheet 16.9.3-4).
  const fast = (output.wide ? FAST_PWM_MODES_16 : FAST_PWM_MODES_8).includes(timer.WGM)
  const share = fast ? (compare + 1) / (top + 1) : Math.min(1, compare / top)
  return com === 2 ? Math.min(1, share) : 1 - Math.min(1, share)
}
