import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { BUILD_TIMEOUT_MS, firmware, readBuilt, root } from './build.js'

interface SizeRow {
  readonly name: string
  readonly flashBytes: number
  readonly ramBytes: number
}

/** Of an ATmega328P, above an empty Arduino sketch. */
const CORE_FLASH_BUDGET_BYTES = 4096
const CORE_RAM_BUDGET_BYTES = 256
const HANDLER_FLASH_BUDGET_BYTES = 300
/** Above the core with one handler, the action or request that uses the feature included. */
const FEATURE_BUDGETS = [
  { name: 'jobs', flashBytes: 2700, ramBytes: 56 },
  { name: 'requests', flashBytes: 1800, ramBytes: 32 },
  { name: 'jobs_and_requests', flashBytes: 3900, ramBytes: 76 },
  { name: 'range', flashBytes: 400, ramBytes: 6 },
  { name: 'u64', flashBytes: 1000, ramBytes: 6 },
  { name: 'f64', flashBytes: 1700, ramBytes: 6 },
  { name: 'array', flashBytes: 600, ramBytes: 6 },
  { name: 'stats', flashBytes: 400, ramBytes: 12 },
  { name: 'describe', flashBytes: 400, ramBytes: 0 },
] as const

/** What a program that uses the heap has in its symbols (C's, and C++'s by their mangled names). */
const HEAP_SYMBOLS = /^[0-9a-f]+ [tw] (malloc|realloc|calloc|free|_Znwj|_Znaj|_ZdlPv|_ZdaPv|_ZdlPvj|_ZdaPvj)$/i

let sizes: ReadonlyMap<string, SizeRow>

beforeAll(async () => {
  const rows = JSON.parse(await firmware('size', '--json')) as SizeRow[]
  sizes = new Map(rows.map((row) => [row.name, row]))
}, BUILD_TIMEOUT_MS)

function more(name: string, than: string): { flashBytes: number; ramBytes: number } {
  const [a, b] = [sizes.get(name)!, sizes.get(than)!]
  return { flashBytes: a.flashBytes - b.flashBytes, ramBytes: a.ramBytes - b.ramBytes }
}

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

  it.each(['greenhouse', 'blink', 'one_handler_uart'])('%s has no heap', (name) => {
    const elf = path.join(root, `build/firmware/uno/${name}.elf`)
    const symbols = execFileSync('avr-nm', [elf], { encoding: 'utf8' }).split('\n')
    expect(symbols.length).toBeGreaterThan(50)
    expect(symbols.filter((line) => HEAP_SYMBOLS.test(line))).toEqual([])
  })

  it('says no path of the machine that built it', () => {
    const elf = path.join(root, 'build/firmware/uno/greenhouse.elf')
    const strings = execFileSync('avr-nm', ['-a', elf], { encoding: 'utf8' })
    expect(strings).not.toContain(root)
  })
})

describe('the device library on an ATmega328P', () => {
  it('takes at most 4,096 B of flash and 256 B of RAM with one handler, UART and rings included', () => {
    const { flashBytes, ramBytes } = more('one_handler_uart', 'empty')
    expect(flashBytes).toBeLessThanOrEqual(CORE_FLASH_BUDGET_BYTES)
    expect(ramBytes).toBeLessThanOrEqual(CORE_RAM_BUDGET_BYTES)
  })

  it('takes no more over Serial, which is paid for by itself', () => {
    const { flashBytes, ramBytes } = more('one_handler', 'serial')
    expect(flashBytes).toBeLessThanOrEqual(CORE_FLASH_BUDGET_BYTES)
    expect(ramBytes).toBeLessThanOrEqual(CORE_RAM_BUDGET_BYTES)
  })

  it('takes at most 300 B of flash and 6 B of RAM for a handler more', () => {
    const { flashBytes, ramBytes } = more('three_handlers', 'two_handlers')
    expect(flashBytes).toBeLessThanOrEqual(HANDLER_FLASH_BUDGET_BYTES)
    expect(ramBytes).toBe(6)
  })

  it.each(FEATURE_BUDGETS)('takes at most $flashBytes B of flash and $ramBytes B of RAM for $name', (budget) => {
    const { flashBytes, ramBytes } = more(budget.name, 'one_handler')
    expect(flashBytes).toBeLessThanOrEqual(budget.flashBytes)
    expect(ramBytes).toBeLessThanOrEqual(budget.ramBytes)
  })
})

describe('the library as Arduino and PlatformIO publish it', () => {
  it('has the version of the package', () => {
    const { version } = JSON.parse(readBuilt('package.json')) as { version: string }
    expect(JSON.parse(readBuilt('firmware/lib/portwire/library.json'))).toMatchObject({ name: 'portwire', version })
    expect(readBuilt('firmware/lib/portwire/library.properties')).toContain(`\nversion=${version}\n`)
  })
})
