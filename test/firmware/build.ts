/** Runs scripts/firmware.mjs, and reads what it built. */

import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..')

/** Long enough for a first build of everything on a slow machine. */
export const BUILD_TIMEOUT_MS = 300_000

/** Resolves with what the script printed; rejects with its output when it fails. */
export async function firmware(...args: string[]): Promise<string> {
  const script = path.join(root, 'scripts/firmware.mjs')
  const { stdout } = await promisify(execFile)(process.execPath, [script, ...args], { cwd: root, maxBuffer: 1 << 24 })
  return stdout
}

export function readBuilt(file: string): string {
  return readFileSync(path.resolve(root, file), 'utf8')
}
