/** The version of this package. */

import { readFileSync } from 'node:fs'

/** From package.json, which is two folders up both in `src` and in `dist`. */
export function packageVersion(): string {
  const json = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string }
  return json.version
}
