import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { EXAMPLES } from '../../scripts/firmware/examples.mjs'
// @ts-expect-error a plain script, shared with `node scripts/firmware.mjs size`
import { sizePage } from '../../scripts/firmware/figures.mjs'
import { BUILD_TIMEOUT_MS, firmware, readBuilt, root } from './build.js'

interface Budget {
  readonly flash: number
  readonly ram: number
}

interface SizeRow {
  readonly name: string
  readonly flashBytes: number
  readonly ramBytes: number
  readonly stackBytes: number
  readonly freeBytes: number
  readonly turnaroundUs?: number
  readonly flashPrice?: number
  readonly ramPrice?: number
  readonly budget?: Budget
  readonly heapSymbols: readonly string[]
}

const TURNAROUND_BUDGET_US = 150
const RECEIVE_BUDGET_CYCLES_PER_BYTE = 100

let figures: { readonly cyclesPerReceivedByte: number; readonly rows: readonly SizeRow[] }
let sizes: ReadonlyMap<string, SizeRow>

beforeAll(async () => {
  figures = JSON.parse(await firmware('size', '--json'))
  sizes = new Map(figures.rows.map((row) => [row.name, row]))
}, BUILD_TIMEOUT_MS)

describe('the image for the Uno', () => {
  it('is shipped as the sources build it, byte for byte, in whatever directory', {
    timeout: BUILD_TIMEOUT_MS,
  }, async () => {
    const directory = mkdtempSync(path.join(tmpdir(), 'portwire-image-'))
    try {
      await firmware('uno', '--build', directory)
      expect(readBuilt('firmware/images/greenhouse-uno.hex'), 'node scripts/firmware.mjs image').toBe(
        readBuilt(path.join(directory, 'uno/greenhouse.hex')),
      )
    } finally {
      rmSync(directory, { recursive: true })
    }
  })

  it('fits flash and RAM with room for the stack', () => {
    expect(sizes.get('greenhouse')!.flashBytes).toBeLessThan((32_256 * 2) / 3)
    expect(sizes.get('greenhouse')!.ramBytes).toBeLessThan(1024)
  })

  it('says no path of the machine that built it', () => {
    const elf = path.join(root, 'build/firmware/uno/greenhouse.elf')
    const strings = execFileSync('avr-nm', ['-a', elf], { encoding: 'utf8' })
    expect(strings).not.toContain(root)
  })
})

describe('the device library on an ATmega328P', () => {
  it('costs what docs/firmware-size.md says, figure by figure', () => {
    expect(readBuilt('docs/firmware-size.md'), 'node scripts/firmware.mjs size --write').toBe(sizePage(figures))
  })

  it('takes at most 4,096 B of flash and 256 B of RAM for the core, 300 B of flash for a handler more, and 2,000 B for the codec, with float or without', () => {
    for (const name of ['one_handler_uart', 'one_handler']) {
      expect(sizes.get(name)!.budget).toEqual({ flash: 4096, ram: 256 })
    }
    expect(sizes.get('three_handlers')!.budget).toEqual({ flash: 300, ram: 6 })
    for (const name of ['codec', 'codec_float']) {
      expect(sizes.get(name)).toMatchObject({ over: 'empty', budget: { flash: 2000, ram: 64 } })
    }
  })

  it('keeps to the budget of each feature, in flash and RAM', () => {
    const over = figures.rows.filter(
      ({ budget, flashPrice, ramPrice }) => budget && (flashPrice! > budget.flash || ramPrice! > budget.ram),
    )
    expect(over).toEqual([])
    expect(figures.rows.filter(({ budget }) => budget).length).toBeGreaterThanOrEqual(15)
  })

  it('has no heap in any program', () => {
    expect(figures.rows.flatMap(({ name, heapSymbols }) => heapSymbols.map((symbol) => `${name}: ${symbol}`))).toEqual(
      [],
    )
  })

  it('leaves stack and static RAM apart, by half of the SRAM in every program', () => {
    for (const { name, stackBytes, freeBytes } of figures.rows) {
      expect(stackBytes, name).toBeGreaterThan(4)
      expect(freeBytes, name).toBeGreaterThan(1024)
    }
  })

  it('answers an empty call within 150 us of its last stop bit, whatever the features', () => {
    // The examples do work of their own in the call: the thermostat measures the temperature.
    const devices = figures.rows.filter(
      ({ name, turnaroundUs }) => turnaroundUs !== undefined && !EXAMPLES.some((example) => example.name === name),
    )
    expect(devices.length).toBeGreaterThanOrEqual(15)
    for (const { name, turnaroundUs } of devices) {
      expect(turnaroundUs, name).toBeGreaterThan(0)
      expect(turnaroundUs, name).toBeLessThanOrEqual(TURNAROUND_BUDGET_US)
    }
  })

  it('spends at most 100 cycles on a received byte', () => {
    expect(figures.cyclesPerReceivedByte).toBeGreaterThan(0)
    expect(figures.cyclesPerReceivedByte).toBeLessThanOrEqual(RECEIVE_BUDGET_CYCLES_PER_BYTE)
  })

  it('costs what the README says', () => {
    const readme = readBuilt('README.md')
    for (const name of ['one_handler_uart', 'one_handler']) {
      const { flashPrice, ramPrice } = sizes.get(name)!
      expect(readme).toContain(`${flashPrice!.toLocaleString('en')} B of flash, ${ramPrice} B of RAM`)
    }
  })
})

describe('the library as Arduino and PlatformIO publish it', () => {
  it('has the version of the package', () => {
    const { version } = JSON.parse(readBuilt('package.json')) as { version: string }
    expect(JSON.parse(readBuilt('firmware/lib/portwire/library.json'))).toMatchObject({ name: 'portwire', version })
    expect(readBuilt('firmware/lib/portwire/library.properties')).toContain(`\nversion=${version}\n`)
  })
})
