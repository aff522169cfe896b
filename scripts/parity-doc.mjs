// `npm run docs:parity`: writes docs/parity.md from test/parity and the names of the tests.
// With `--gaps`: lists what has neither test nor reason, and writes nothing.

import { writeFileSync } from 'node:fs'
import { compareRows, readRows } from './parity.mjs'
import { testNames } from './parity-names.mjs'
import { parityPage } from './parity-page.mjs'
import { root } from './setup.mjs'

const rows = readRows(root)
const { cells, gaps, faults } = compareRows(rows, await testNames(root))
if (process.argv.includes('--gaps')) {
  console.log([...faults, ...gaps].join('\n') || 'every row has a test or a reason on both peers')
} else {
  writeFileSync(`${root}/docs/parity.md`, parityPage(rows, cells))
  console.log(`docs/parity.md: ${cells.size} rows, ${gaps.length} gaps, ${faults.length} faults`)
}
