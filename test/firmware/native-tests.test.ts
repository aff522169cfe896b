import { describe, expect, it } from 'vitest'
import { BUILD_TIMEOUT_MS, firmware } from './build.js'

describe('the tests of the device library', () => {
  it('pass, under the address and undefined behaviour sanitizers', { timeout: BUILD_TIMEOUT_MS }, async () => {
    const output = await firmware('tests')
    const [, total, passed, failed, skipped] = (
      /test cases:\s+(\d+) \|\s+(\d+) passed \|\s+(\d+) failed \|\s+(\d+) skipped/.exec(output) ?? []
    ).map(Number)
    expect(total).toBeGreaterThan(140)
    expect({ passed, failed, skipped }).toEqual({ passed: total, failed: 0, skipped: 0 })
  })
})
