/** How this program is called from where the user is, so that printed commands work when they are copied. */

import { accessSync, constants, existsSync, readFileSync } from 'node:fs'
import { basename, delimiter, dirname, join, relative } from 'node:path'

/** `npx portwire`, `portwire`, or `node` and a path: whichever works in `cwd`.
 * @param script  process.argv[1] */
export function invocation(cwd: string, script: string): string {
  // npx looks in the nearest folder with a package.json or node_modules: for its own bin, then for an installed one.
  for (let folder = cwd; ; folder = dirname(folder)) {
    const isRoot = existsSync(join(folder, 'package.json')) || existsSync(join(folder, 'node_modules'))
    if (isRoot) {
      if (nameIn(folder) === 'portwire' || existsSync(join(folder, 'node_modules', '.bin', 'portwire')))
        return 'npx portwire'
      break
    }
    if (dirname(folder) === folder) break
  }
  if (basename(script) === 'portwire') return 'portwire'
  const path = relative(cwd, script)
  return `node ${path.startsWith('..') ? script : path}`
}

/** True when a program of that name is on the PATH. */
export function isInstalled(program: string, path = process.env['PATH'] ?? ''): boolean {
  return path.split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}

function nameIn(folder: string): unknown {
  try {
    return (JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { name?: unknown }).name
  } catch {
    return undefined
  }
}
