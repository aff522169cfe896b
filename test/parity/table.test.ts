/** docs/parity.md, and the rules by which tests claim its rows. */

import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
// @ts-expect-error plain scripts, shared with `npm run docs:parity`
import { compareRows, idsOf, peersOf, readRows } from '../../scripts/parity.mjs'
// @ts-expect-error
import { testNames } from '../../scripts/parity-names.mjs'
// @ts-expect-error
import { parityPage } from '../../scripts/parity-page.mjs'

interface Row {
  readonly id: string
  readonly program: unknown
  readonly board: unknown
}

const rows = readRows('.')
/** Read once, while the other tests run. */
const names = testNames(process.cwd())
const all = Object.values(rows.groups as Record<string, Row[]>).flat()

describe('docs/parity.md', () => {
  it('has a test or a reason for every row on both peers, and no test claims what is no row', async () => {
    const { gaps, faults } = compareRows(rows, await names)
    expect(faults).toEqual([])
    expect(gaps).toEqual([])
  })

  it('is what npm run docs:parity writes', async () => {
    const { cells } = compareRows(rows, await names)
    expect(readFileSync('docs/parity.md', 'utf8')).toBe(parityPage(rows, cells))
  })

  it('has every row once, numbered without a hole', () => {
    const lengths = { F: 14, C: 18, L: 25, S: 8, E: 18, W: 9, D: 11 }
    const wanted = Object.entries(lengths).flatMap(([letter, count]) =>
      Array.from({ length: count }, (_, i) => `${letter}${i + 1}`),
    )
    expect(all.map((row) => row.id)).toEqual(wanted)
  })

  it('gives no row a reason on both peers', () => {
    const untested = all.filter((row) => [row.program, row.board].every((cell) => Object.hasOwn(Object(cell), 'none')))
    expect(untested.map((row) => row.id)).toEqual([])
  })
})

describe('a test', () => {
  it('claims the rows whose ids begin its name, or that of a describe around it', () => {
    expect(idsOf('a board > C5: a late answer is dropped')).toEqual(['C5'])
    expect(idsOf('L2, L3: a line in use > L3, D1: is refused')).toEqual(['L2', 'L3', 'D1'])
    expect(idsOf('a board > is refused, as C5: says')).toEqual([])
    expect(idsOf('A1: a call > ab F1: c')).toEqual([])
  })

  it('is about the peers that its full name has words for, or those of its file', () => {
    const peers = (name: string, file = 'x.test.ts') =>
      peersOf({ file, name }, { 'y.test.ts': ['program'], 'z.test.ts': [] })
    expect(peers('a spawned peer > F1: echoes')).toEqual(['program'])
    expect(peers('on a UART > F1: echoes')).toEqual(['board'])
    expect(peers('a board and a program > F1: echoes')).toEqual(['program', 'board'])
    expect(peers('programming > F1: echoes on the dashboard')).toEqual([])
    expect(peers('on a UART > F1: echoes', 'y.test.ts')).toEqual(['program'])
    expect(peers('F1: of neither', 'z.test.ts')).toEqual([])
  })
})

describe('the comparison of rows with tests', () => {
  const row = (id: string, program: unknown, board: unknown) => ({ id, behaviour: `does ${id}`, program, board })
  const compare = (groups: object[], tests: object[], more: object = {}) =>
    compareRows({ groups: { framing: groups }, options: [], filePeers: {}, ...more }, tests)
  const claim = (name: string) => ({ file: 'x.test.ts', name })

  it('names what has neither test nor reason, peer by peer', () => {
    const { gaps } = compare(
      [row('F1', 'test', 'test'), row('F2', { none: 'why' }, { later: 'soon' })],
      [claim('a program > F1: works')],
    )
    expect(gaps).toEqual(['F1 on a board: does F1'])
  })

  it('refuses a claim of what is no row, and one whose peer cannot be told', () => {
    const { faults } = compare([row('F1', 'test', 'test')], [claim('a board > F9: works'), claim('F1: works')])
    expect(faults).toEqual([
      'F9 is no row: x.test.ts: a board > F9: works',
      'F1: neither a program nor a board is named: x.test.ts: F1: works',
    ])
  })

  it('refuses a file that has no tests, and an option that names what is no row', () => {
    const more = { options: [{ id: 'O x', rows: ['F1', 'F8'] }], filePeers: { 'gone.test.ts': ['board'] } }
    expect(compare([row('F1', { none: 'why' }, { none: 'why' })], [], more).faults).toEqual([
      'test/parity/files.json names gone.test.ts, which has no tests',
      'O x names F8, which is no row',
    ])
  })
})
