/** msgpack-test-suite, and values of any shape, through the C++ codec: as a native program and on an emulated Uno. */

import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { createValueCodec } from '../../src/wire/index.js'
import { SUITE } from '../wire/msgpack-suite.js'
import { toHex } from '../wire/vectors.js'
import { BUILD_TIMEOUT_MS, firmware, readBuilt } from './build.js'
import { PROBES, type Probe, type Question } from './probe.js'

/** Status of the library, as firmware/probe hands it on. */
const [OK, WRONG_TYPE, OUT_OF_RANGE] = [0, 2, 3]
const NIL = 0xc0
const REASONS = new Map([
  [WRONG_TYPE, 'wrong type'],
  [OUT_OF_RANGE, 'out of range'],
])
const SEED = Number(process.env['PORTWIRE_SEED'] ?? Date.now() % 2 ** 31)
const TREES = 400
const codec = createValueCodec()

beforeAll(async () => {
  await firmware('probe')
}, BUILD_TIMEOUT_MS)

const echo = (bytes: Uint8Array): Question => ({ what: 'e', bytes })

/** What the device made of each encoding of each value: its status, and the value as it wrote it. */
function suiteThrough(probe: Probe) {
  const answers = probe.ask(SUITE.flatMap(({ encodings }) => encodings.map(echo))).values()
  return SUITE.map((row) => ({
    row,
    results: row.encodings.map(() => {
      const answer = answers.next().value!
      return { status: answer.at(-1)!, written: answer.slice(0, -1) }
    }),
  }))
}

const isFloat = ([format]: Uint8Array) => format === 0xca || format === 0xcb

describe.each(PROBES)('the C++ codec on $name: msgpack-test-suite', (probe) => {
  it('reads 173 of the 233 encodings as their values and writes these in the shortest form; the other 60 it refuses', () => {
    const counts = { read: 0, refused: 0 }
    for (const { row, results } of suiteThrough(probe)) {
      for (const [i, { status, written }] of results.entries()) {
        if (status !== OK) counts.refused++
        else {
          counts.read++
          // From a float comes a float, though the number be whole; it is rounded to 24 bits.
          const value = isFloat(row.encodings[i]!) ? Math.fround(row.value as number) : row.value
          if (isFloat(row.encodings[i]!)) expect(codec.decode(written), row.name).toEqual({ ok: true, value })
          else expect(toHex(written), row.name).toBe(toHex(codec.encode(row.value)))
        }
      }
    }
    expect(counts).toEqual({ read: 173, refused: 60 })
  })

  it('refuses what docs/firmware-tests.md lists by name, and nothing else', () => {
    const rows = suiteThrough(probe).flatMap(({ row, results }) => {
      const refused = results.filter(({ status }) => status !== OK)
      if (refused.length === 0) return []
      const reasons = new Set(refused.map(({ status }) => REASONS.get(status) ?? `status ${status}`))
      const host = row.value === undefined ? 'ext' : 'read'
      return `| \`${row.name}\` | ${refused.length} of ${row.encodings.length} | ${[...reasons].join(', ')} | ${host} |\n`
    })
    expect(readBuilt('docs/firmware-tests.md').split('| by the host |\n| --- | --- | --- | --- |\n')[1]).toBe(
      rows.join(''),
    )
  })

  it('hands any value of bool, integers of 32 bits, float, text, bytes and arrays back byte for byte', () => {
    const { value } = fc.letrec((tie) => ({
      value: fc.oneof(
        { maxDepth: 6 },
        fc.constant(null),
        fc.boolean(),
        fc.integer({ min: -(2 ** 31), max: 2 ** 32 - 1 }),
        // A whole number would be sent as an integer.
        fc.float({ noNaN: true }).filter((number) => !Number.isInteger(number)),
        fc.string({ unit: 'grapheme', maxLength: 40 }),
        fc.uint8Array({ maxLength: 280 }),
        fc.array(tie('value'), { maxLength: 20 }),
      ),
    }))
    const trees = fc
      .sample(value, { seed: SEED, numRuns: TREES })
      .map((tree) => codec.encode(tree))
      .filter(({ length }) => length <= probe.maxBytes)
    expect(trees.length, `seed ${SEED}`).toBeGreaterThan(TREES / 2)
    for (const [i, answer] of probe.ask(trees.map(echo)).entries()) {
      expect(toHex(answer), `seed ${SEED}`).toBe(`${toHex(trees[i]!)}00`)
    }
  })

  it('tells nil from no value at all', () => {
    const [one, none] = probe.ask([echo(Uint8Array.of(NIL)), echo(new Uint8Array())])
    expect([[...one!], [...none!]]).toEqual([[NIL, OK], [1]])
  })
})
