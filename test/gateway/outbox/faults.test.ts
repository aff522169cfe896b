/** The short versions of `npm run soak -- outbox-faults broker-away`: a real gateway process, a real disk, a real Mosquitto. */

import { describe, expect, it } from 'vitest'
import { requireBuild } from '../../cli/built.js'
import { runShort } from './run-short.js'

const SEED = Number(process.env['SEED'] ?? Math.floor(Math.random() * 2 ** 31))

describe(`a disk that fails below a gateway of a board or a program, seed ${SEED}`, () => {
  it('R11: EIO, EFBIG, EMFILE, ENOSPC: what failed is never acknowledged, the alarm is retained, it goes on, and loses nothing it has acknowledged', async () => {
    requireBuild()
    expect(await runShort('outbox-faults', SEED)).toEqual([])
  }, 300_000)
})

describe(`20,000 events of boards or programs while the broker is away, seed ${SEED}`, () => {
  it('R12: all arrive in the order of their device, or are counted exactly where there is no room for them', async () => {
    requireBuild()
    expect(await runShort('broker-away', SEED)).toEqual([])
  }, 180_000)
})
