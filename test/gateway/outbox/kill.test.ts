/** The short version of `npm run soak -- gateway-kill broker-kill`: processes that are killed, on a real Mosquitto. */

import { describe, expect, it } from 'vitest'
import { requireBuild } from '../../cli/built.js'
import { runShort } from './run-short.js'

const SEED = Number(process.env['SEED'] ?? Math.floor(Math.random() * 2 ** 31))

describe(`kill -9 at 500 events/s of a board or a program, seed ${SEED}`, () => {
  it('R10: of the gateway: no acknowledged event is lost, and those that come twice have one of the last 4,096 ids', async () => {
    requireBuild()
    expect(await runShort('gateway-kill', SEED)).toEqual([])
  }, 120_000)

  it('R13: of the broker: with hold no acknowledged event is lost, without it no more than the gateway says may be', async () => {
    requireBuild()
    expect(await runShort('broker-kill', SEED)).toEqual([])
  }, 120_000)
})
