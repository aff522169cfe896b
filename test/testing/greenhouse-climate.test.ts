import { expect, test } from 'vitest'
import {
  humidityVolts,
  outsideClimate,
  runClimate,
  stepClimate,
  tmp36Volts,
} from '../../src/testing/greenhouse-climate.js'
import { emulate } from './emulated.js'

const outside = { celsius: 15, humidityPercent: 50 }
const start = { celsius: 20, humidityPercent: 60 }
const shut = { ventOpen: 0, lampOn: false, outside }

test('the step does not matter: a thousand small ones end where one large one does', () => {
  let small = start
  for (let index = 0; index < 1000; index++) small = stepClimate(small, { ...shut, lampOn: true }, 60)
  const large = stepClimate(start, { ...shut, lampOn: true }, 60_000)
  expect(small.celsius).toBeCloseTo(large.celsius, 9)
  expect(small.humidityPercent).toBeCloseTo(large.humidityPercent, 9)
})

test('the lamp heats, and the vent brings the climate towards that outside', () => {
  const dark = stepClimate(start, shut, 300_000)
  const lit = stepClimate(start, { ...shut, lampOn: true }, 300_000)
  const vented = stepClimate(lit, { ventOpen: 1, lampOn: true, outside }, 60_000)
  expect(lit.celsius).toBeGreaterThan(dark.celsius + 10)
  expect(lit.humidityPercent).toBeLessThan(dark.humidityPercent)
  expect(vented.celsius).toBeLessThan(outside.celsius + 4)
  expect(vented.humidityPercent).toBeLessThan(outside.humidityPercent + 5)
})

test('no time, no change; and humidity stays between 0 and 100', () => {
  expect(stepClimate(start, shut, 0)).toEqual(start)
  const wet = stepClimate(start, { ...shut, outside: { celsius: 15, humidityPercent: 99 } }, 10_000_000)
  expect(wet.humidityPercent).toBe(100)
})

test('probes give the voltages of their data sheets', () => {
  expect(tmp36Volts(0)).toBe(0.5)
  expect(tmp36Volts(25)).toBe(0.75)
  expect(humidityVolts(50)).toBe(2.5)
})

test('the weather repeats every day', () => {
  expect(outsideClimate(150_000).celsius).toBeCloseTo(19, 6)
  expect(outsideClimate(750_000).celsius).toBeCloseTo(outsideClimate(150_000).celsius, 6)
})

test('a board reads the temperature, and its vent lowers it', async () => {
  const { board, clock, send, receive } = await emulate('analog')
  const climate = runClimate({ board, clock, start: { celsius: 30, humidityPercent: 60 }, outside: () => outside })
  const celsius = async (count: number) => {
    send([...Buffer.from('A')])
    const bytes = await receive(count)
    return ((bytes[count - 2]! << 8) | bytes[count - 1]!) * (500 / 1024) - 50
  }
  await clock.advance(10)
  expect(await celsius(2)).toBeCloseTo(30, 0)
  send([255])
  await clock.advance(60_000)
  expect(board.pwmDuty(9)).toBe(1)
  expect(await celsius(4)).toBeLessThan(17)
  expect(climate.now().celsius).toBeLessThan(17)
  climate.stop()
})
