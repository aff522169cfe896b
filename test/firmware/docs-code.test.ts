/** All C++ that the documentation shows compiles, without a warning, for a computer and for an Arduino Uno. */

import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { flagsOf } from '../../scripts/firmware/flags.mjs'
import { parseContract } from '../../src/contract/file/index.js'
import { contractHeader } from '../../src/contract/index.js'
import { root } from './build.js'
import { blocksOf, filesOf, pages, sourcesOf } from './doc-blocks.js'

const folder = mkdtempSync(path.join(tmpdir(), 'portwire-docs-'))
afterAll(() => rmSync(folder, { recursive: true }))

// -S and not -fsyntax-only: that a result is ignored is noticed only later. A page may define what it does not call.
const COMMON = ['-S', '-o', '/dev/null', '-Wall', '-Wextra', '-Werror', '-Wno-unused-function', '-x', 'c++']
const INCLUDES = [
  'firmware/lib/portwire/src',
  'firmware/lib/portwire/examples/Blink',
  'firmware/src',
  'test/firmware/porting',
]
const arduinoOf = (source: string) => (/^void loop\(\)/m.test(source) ? ['-DARDUINO=10819', '-includeArduino.h'] : [])

const COMPILERS = {
  native: {
    compiler: 'g++',
    flags: (source: string) => [
      '-std=c++11',
      '-DPORTWIRE_OWN_ARDUINO_BOARD',
      '-Ifirmware/test/arduino',
      ...arduinoOf(source),
    ],
  },
  avr: {
    compiler: 'avr-g++',
    flags: () => [
      ...flagsOf('debian_uno'),
      ...flagsOf('debian_uno', 'cpp_flags'),
      ...flagsOf('env:uno'),
      '-includeArduino.h',
    ],
  },
}

/** What the compiler says about it; empty when all is well. */
function compile(target: keyof typeof COMPILERS, source: string, includes: readonly string[]): string {
  const { compiler, flags } = COMPILERS[target]
  const args = [...flags(source), ...COMMON, ...[...includes, ...INCLUDES].map((include) => `-I${include}`), '-']
  const { status, stderr, error } = spawnSync(compiler, args, { cwd: root, input: source, encoding: 'utf8' })
  if (error) throw error
  return status === 0 ? stderr : stderr || `status ${status}`
}

/** A folder with what a page shows as files, and the header of each contract among them. */
function folderOf(page: string): string {
  const own = path.join(folder, page.replaceAll('/', '-'))
  mkdirSync(own, { recursive: true })
  for (const [file, text] of filesOf(page)) {
    writeFileSync(path.join(own, file), text)
    if (!file.endsWith('.yaml')) continue
    writeFileSync(path.join(own, file.replace('.yaml', '_contract.h')), contractHeader(parseContract(file, text)))
  }
  return own
}

const shown = pages().filter((page) => sourcesOf(page).length > 0)

it('the pages for authors of firmware are among those that are compiled', () => {
  const expected = [
    'README.md',
    'firmware/lib/portwire/README.md',
    'docs/device.md',
    'docs/firmware.md',
    'docs/firmware-unattended.md',
    'docs/porting.md',
  ]
  expect(expected.filter((page) => !shown.includes(page))).toEqual([])
})

it('a block names no target but native and avr', () => {
  const targets = pages().flatMap((page) => blocksOf(page).map(({ target }) => target))
  expect([...new Set(targets)].filter((target) => !['', 'native', 'avr'].includes(target))).toEqual([])
})

it('a block with a mistake is found by both compilers, and one whose result is ignored too', () => {
  const wrong =
    '#include <portwire.h>\nvoid loop() { portwire::Reader reader(nullptr, 0); bool on; reader.readBool(&on); }\n'
  for (const target of ['native', 'avr'] as const) {
    expect(compile(target, '#include <portwire.h>\nvoid loop() { nonsense(); }\n', [])).toMatch('nonsense')
    expect(compile(target, wrong, [])).toMatch('unused-result')
  }
})

describe.each(shown)('%s', (page) => {
  const own = folderOf(page)
  const cases = sourcesOf(page).flatMap((block) =>
    (['native', 'avr'] as const)
      .filter((target) => block.target === '' || block.target === target)
      .map((target) => ({ ...block, compiled: target })),
  )

  it.each(cases)('line $line compiles without a warning: $compiled', ({ compiled, source }) => {
    expect(compile(compiled, source, [own])).toBe('')
  })
})
