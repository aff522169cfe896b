/** A contract as a file, for `--contract`. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

/** Its path; the file ends with the test. */
export function contractFile(definition: unknown): string {
  const folder = mkdtempSync(join(tmpdir(), 'portwire-contract-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'contract.json')
  writeFileSync(path, JSON.stringify(definition))
  return path
}
