/** The short version of `npm run soak -- gateway-kill broker-kill`: processes that are killed, on a real Mosquitto. */

import { describe, expect, it } from 'vitest'
import { requireBuild } from '../../cli/built.js'

interface Result {
  readonly ok: boolean
}

const SEED = Number(process.env['SEED'] ?? Math.floor(Math.random() * 2 ** 31))

async function runShort(name: string): Promise<readonly Result[]> {
  requireBuild()
  const { run } = (await import(`../../../scripts/soak/${name}.mjs`)) as {
    run: (options: { seed: number; isFull: boolean }) => AsyncIterable<Result>
  }
  const missed: Result[] = []
  for await (const result of run({ seed: SEED, isFull: false })) if (!result.ok) missed.push(result)
  return missed
}

describe(`kill -9 at 500 events/s of a board or a program, seed ${SEED}`, () => {
  it('R10: of the gateway: no acknowledged event is lost, and those that come twice have an id that was seen', async () => {
    expect(await runShort('gateway-kill')).toEqual([])
  }, 120_000)

  it('R13: of the broker, with hold: no acknowledged event is lost', async () => {
    expect(await runShort('broker-kill')).toEqual([])
  }, 120_000)
})
