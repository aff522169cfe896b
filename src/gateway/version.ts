/** The version of this package. */

import { readFileSync } from 'node:fs'

/** From package.json, which is two folders up both in `src` and in `dist`. */
export function packageVersion(): string {
  return packageJson().version
}

/** The oldest Node.js that will do: `20.19`. */
export function requiredNode(): string {
  return packageJson().engines.node.replace(/^>=/, '')
}

function packageJson(): { readonly version: string; readonly engines: { readonly node: string } } {
  return JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
}
