// The names of all tests, read from the sources: nothing is run, so that it takes two seconds. In place of what a table or a
// template puts into a name there is its placeholder; an id or a peer has to stand in the name itself.

import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { promisify } from 'node:util'

/** @returns {Promise<{ file: string, name: string }[]>} the path from `root`, and the names joined by ' > ' */
export async function testNames(root) {
  const folder = mkdtempSync(join(tmpdir(), 'portwire-names-'))
  const list = join(folder, 'names.json')
  // Inside a test run, the variables of that run would be taken for this one's.
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('VITEST')))
  try {
    const vitest = join(root, 'node_modules/vitest/vitest.mjs')
    await promisify(execFile)(process.execPath, [vitest, 'list', '--static-parse', `--json=${list}`], {
      cwd: root,
      env,
    })
    const tests = JSON.parse(readFileSync(list, 'utf8'))
    return tests.map(({ file, name }) => ({ file: relative(root, file), name }))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
