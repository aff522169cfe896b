/** A number of bytes in the file: `256MB`, `128KiB`, or the bare number. */

import { z } from 'zod'
import { parseBytes } from '../units.js'
import type { KeyMeta } from './duration.js'

/** @param example  for what is said of a wrong one
 * @param min  the least, as it would be written */
export function bytes(meta: KeyMeta, example: string, min: string) {
  const expected = `expected bytes like ${example}`
  const least = parseBytes(min)!
  return z
    .union([z.string(), z.int()], { error: expected })
    .transform((text, context) => {
      const given = parseBytes(text)
      if (given !== undefined && given >= least) return given
      context.addIssue({ code: 'custom', message: `${expected}, at least ${min}`, input: text })
      return z.NEVER
    })
    .meta({ ...meta })
}
