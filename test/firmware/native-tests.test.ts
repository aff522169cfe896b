import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { beforeAll, describe, expect, it } from 'vitest'
import { BUILD_TIMEOUT_MS, firmware, root } from './build.js'

/** How many test cases passed, failed and were skipped, as doctest says it at its end. */
function summaryOf(output: string) {
  const found = /test cases:\s+(\d+) \|\s+(\d+) passed \|\s+(\d+) failed/.exec(output) ?? []
  const [, total, passed, failed] = found.map(Number)
  return { total, passed, failed }
}

let output = ''
beforeAll(async () => {
  output = await firmware('tests')
}, BUILD_TIMEOUT_MS)

describe('the tests of the device library', () => {
  it('pass, under the address and undefined behaviour sanitizers', () => {
    const { total, passed, failed } = summaryOf(output)
    expect(total).toBeGreaterThan(140)
    expect({ passed, failed }).toEqual({ passed: total, failed: 0 })
    expect(output).toContain('| 0 skipped')
  })
})

describe('the decoders of a board, in C++ under the sanitizers', () => {
  /** Runs the test cases whose names begin with the id. */
  const cases = async (id: string) => {
    const { stdout } = await promisify(execFile)('build/firmware/tests/tests', [`--test-case=${id}:*`], { cwd: root })
    return summaryOf(stdout)
  }

  it('D1: keep the limits of content, texts, bytes, integers and arguments exactly, and write nothing behind a buffer', async () => {
    expect(await cases('D1')).toEqual({ total: 2, passed: 2, failed: 0 })
  })

  it('D2: refuse what declares gigabytes or nests a million deep, and answer the next call', async () => {
    expect(await cases('D2')).toEqual({ total: 2, passed: 2, failed: 0 })
  })

  it('D3: refuse a value of the wrong type in any place, and do not run the handler', async () => {
    expect(await cases('D3')).toEqual({ total: 1, passed: 1, failed: 0 })
  })

  it('D4: answer after any random and mutated messages', { timeout: 60_000 }, async () => {
    expect(await cases('D4')).toEqual({ total: 1, passed: 1, failed: 0 })
  })

  it('D5: read the table of values as Msgpax writes them, and refuse what has no form', async () => {
    expect(await cases('D5')).toEqual({ total: 2, passed: 2, failed: 0 })
  })

  it('F10: lose at most the frame in which a byte was lost, doubled, inserted or flipped', async () => {
    expect(await cases('F10')).toEqual({ total: 1, passed: 1, failed: 0 })
  })
})
