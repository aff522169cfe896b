// Months without a restart: what a call or an event leaves behind must be nothing. `npm run soak -- memory` does a million.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
// @ts-expect-error a plain script, shared with `npm run soak`
import { build } from '../../scripts/setup.mjs'

const CHILD = fileURLToPath(new URL('../../scripts/soak/memory/child.mjs', import.meta.url))
const COUNT = 50_000
const MIB = 1_048_576

/** In a process of its own, over the compiled library, so that nothing else is measured. */
function measure(peer: string, what: string) {
  build()
  const args = ['--expose-gc', CHILD, peer, what, String(COUNT)]
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`the measurement failed with ${status}: ${stderr}`)
  return { ...(JSON.parse(stdout) as Record<string, number>), stderr } as {
    heap_growth_bytes: number
    rss_growth_bytes: number
    dropped: number
    warm_up: number
    stderr: string
  }
}

describe.each(['program', 'board'])('the memory of a port on a %s', (peer) => {
  it(`is flat over ${COUNT} calls and casts, however they end`, { timeout: 120_000 }, () => {
    const { heap_growth_bytes, rss_growth_bytes, stderr } = measure(peer, 'calls')
    // 20 bytes a call; the smallest thing that could be kept for one is larger.
    expect(heap_growth_bytes).toBeLessThan(MIB)
    expect(rss_growth_bytes).toBeLessThan(8 * MIB)
    expect(stderr).toBe('') // Node has seen no leak of listeners
  })

  it(`S5: is flat over ${COUNT} events that nobody takes, each of them counted`, { timeout: 120_000 }, () => {
    const { heap_growth_bytes, rss_growth_bytes, dropped, warm_up, stderr } = measure(peer, 'events')
    expect(heap_growth_bytes).toBeLessThan(MIB)
    expect(rss_growth_bytes).toBeLessThan(8 * MIB)
    expect(dropped).toBe(COUNT + warm_up)
    expect(stderr).toBe('')
  })
})
