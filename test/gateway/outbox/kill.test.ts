/** The short version of `npm run soak -- gateway-kill broker-kill`: processes that are killed, on a real Mosquitto. */

import { describe, expect, it } from 'vitest'
import { requireBuild } from '../../cli/built.js'
import { runShort } from './run-short.js'

const SEED = Number(process.env['SEED'] ?? Math.floor(Math.random() * 2 ** 31))

describe(`kill -9 at 500 events/s of a board or a program, seed ${SEED}`, () => {
  it('R10: of the gateway: no acknowledged event is lost, and those that come twice have an id that was seen', async () => {
    requireBuild()
    expect(await runShort('gateway-kill', SEED)).toEqual([])
  }, 120_000)

  it('R13: of the broker, with hold: no acknowledged event is lost', async () => {
    requireBuild()
    expect(await runShort('broker-kill', SEED)).toEqual([])
  }, 120_000)
})
