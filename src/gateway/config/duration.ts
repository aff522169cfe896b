/** A duration in the file, milliseconds once read. */

import { z } from 'zod'
import { parseDurationMs } from '../units.js'

const EXPECTED = 'expected a duration like 250ms, 30s or 5m'

/** What is said of a key: all of it is in the JSON Schema, and docs/gateway.md is compared with that. */
export interface KeyMeta {
  readonly title: string
  readonly description: string
  readonly examples: unknown[]
  /** What holds when the key is left out, as it would be written. */
  readonly default?: unknown
}

export function duration(meta: KeyMeta, range: { readonly minMs?: number; readonly maxMs?: number } = {}) {
  return z
    .union([z.string(), z.literal(0)], { error: EXPECTED })
    .transform((text, context) => {
      const refuse = (message: string) => {
        context.addIssue({ code: 'custom', message, input: text })
        return z.NEVER
      }
      const ms = parseDurationMs(text)
      if (ms === undefined) return refuse(EXPECTED)
      if (ms < (range.minMs ?? 0)) return refuse(`expected at least ${range.minMs}ms`)
      if (ms > (range.maxMs ?? Infinity)) return refuse(`expected at most ${range.maxMs}ms`)
      return ms
    })
    .meta({ ...meta })
}
