/** The rows of npm's `msgpack-test-suite`: 85 values with all their encodings, made by others. */

import { createRequire } from 'node:module'
import { fromHex } from './vectors.js'

type SuiteFile = readonly Readonly<Record<string, unknown> & { msgpack: readonly string[] }>[]

export interface SuiteValue {
  /** As the suite writes it: `number 128`. */
  readonly name: string
  /** What decoding has to give; undefined for ext and timestamps, which portwire does not have. */
  readonly value: unknown
  /** All encodings, in the order listed. */
  readonly encodings: readonly Uint8Array[]
}

const suite = createRequire(import.meta.url)('msgpack-test-suite') as Record<string, SuiteFile>

export const SUITE: readonly SuiteValue[] = Object.values(suite)
  .flat()
  .map(({ msgpack, ...row }) => {
    // A number may stand there beside itself as a bignum; only that one is exact.
    const kind = 'bignum' in row ? 'bignum' : Object.keys(row)[0]!
    return {
      name: `${kind} ${typeof row[kind] === 'string' ? row[kind] : JSON.stringify(row[kind])}`,
      value: toValue(kind, row[kind]),
      encodings: msgpack.map((hex) => fromHex(hex.replaceAll('-', ''))),
    }
  })

function toValue(kind: string, value: unknown): unknown {
  if (kind === 'ext' || kind === 'timestamp') return undefined
  if (kind === 'binary') return fromHex((value as string).replaceAll('-', ''))
  if (kind !== 'bignum') return value
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : BigInt(value as string)
}
