/**
 * libFuzzer over the device library, and its corpora on the chip. PORTWIRE_FUZZ_SECONDS: how long each target makes new inputs.
 * The rates are printed; a slow machine is no fault of the library.
 */

import { beforeAll, describe, expect, it } from 'vitest'
import { fromHex, toHex } from '../wire/vectors.js'
import { BUILD_TIMEOUT_MS, firmware, readBuilt } from './build.js'
import { PROBES, type Question, WHAT } from './probe.js'

const SECONDS = Number(process.env['PORTWIRE_FUZZ_SECONDS'] ?? 60)
const TARGETS = ['frame', 'reader', 'session']

interface FuzzRow {
  readonly name: string
  readonly replayed: number
  readonly executions: number
  readonly perSecond: number
  readonly perCpuSecond: number
  readonly seed: number
}

const corpusOf = (name: string) =>
  readBuilt(`firmware/fuzz/corpus/${name}.txt`)
    .split('\n')
    .filter((line) => line !== '')

describe('the device library under libFuzzer', () => {
  it('holds its promises on the kept inputs and on new ones, in frames, values and whole sessions', {
    timeout: BUILD_TIMEOUT_MS + 3 * SECONDS * 2000,
  }, async () => {
    // In a directory of its own: builds in one directory wait for each other, and this takes minutes.
    const output = await firmware('fuzz', '--build', 'build/fuzz', '--seconds', String(SECONDS))
    console.log(output.trimEnd())
    const rows = output
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as FuzzRow)
    expect(rows.map(({ name }) => name)).toEqual(TARGETS)
    for (const { name, replayed, executions, perCpuSecond, seed } of rows) {
      expect(replayed, name).toBe(corpusOf(name).length)
      expect(replayed, name).toBeGreaterThan(50)
      if (SECONDS === 0) continue
      expect(executions, `${name}, seed ${seed}`).toBeGreaterThan(1000)
      expect(perCpuSecond, `${name}: its rate was measured`).toBeGreaterThan(0)
    }
  })
})

describe('the kept inputs of the fuzzers on an emulated Uno board', () => {
  beforeAll(async () => {
    await firmware('probe')
  }, BUILD_TIMEOUT_MS)

  it.each([
    ['frame', WHAT.frameVerdict],
    ['reader', WHAT.valueVerdict],
  ] as const)('come to the same verdicts as in the native program: %s', (name, what) => {
    const questions: Question[] = corpusOf(name).map((line) => ({ what, bytes: fromHex(line) }))
    const [native, uno] = PROBES.map((probe) => probe.ask(questions).map(toHex))
    expect(new Set(native).size).toBeGreaterThan(10)
    expect(uno).toEqual(native)
  })
})
