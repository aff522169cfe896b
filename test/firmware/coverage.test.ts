import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { BUILD_TIMEOUT_MS, firmware, readBuilt, root } from './build.js'

interface Coverage {
  readonly percent: number
  readonly lines: number
  readonly files: readonly { readonly file: string; readonly lines: number; readonly missed: readonly number[] }[]
  readonly notBuilt: readonly string[]
}

const TESTS = 'firmware/test/test_native'

describe('the tests of the device library', () => {
  it('run at least 95 % of its lines, nothing excluded but what only a board compiles', {
    timeout: BUILD_TIMEOUT_MS,
  }, async () => {
    const { percent, lines, files, notBuilt } = JSON.parse(await firmware('coverage', '--json')) as Coverage
    console.log(`${percent.toFixed(1)} % of ${lines} lines`)
    for (const { file, missed } of files) if (missed.length > 0) console.log(`not run: ${file}: ${missed.join(', ')}`)
    expect(lines).toBeGreaterThan(1400)
    expect(percent).toBeGreaterThanOrEqual(95)
    for (const file of notBuilt) expect(file).toMatch(/_(arduino|avr|avr_uart|esp32|rp2040|stm32|teensy)\.(h|cpp)$/)
  })

  it('have the test that docs/firmware-tests.md names for each bound', () => {
    const sources = readdirSync(path.join(root, TESTS))
      .filter((name) => name.endsWith('.cpp'))
      .map((name) => readFileSync(path.join(root, TESTS, name), 'utf8'))
      .join('\n')
    const table = readBuilt('docs/firmware-tests.md').split('| bound | value | test |\n| --- | --- | --- |\n')[1]!
    const rows = table.split('\n\n')[0]!.split('\n')
    expect(rows.length).toBeGreaterThan(20)
    for (const row of rows) expect(sources).toContain(`"${row.split(' | ')[2]!.replace(/ \|$/, '')}"`)
  })
})
