/** Random and damaged bytes from both kinds of peer: through the decoders alone, and through a port in virtual time. */

import { describe, expect, it } from 'vitest'
// @ts-expect-error plain scripts, shared with `npm run fuzz`
import { runFaultTrials } from '../../scripts/fuzz/faults.mjs'
// @ts-expect-error
import { runMessageTrials } from '../../scripts/fuzz/messages.mjs'
import { encodeFrame } from '../../src/wire/frame.js'
import * as wire from '../../src/wire/index.js'
import { Action } from '../../src/wire/index.js'
import { scriptedPort } from '../port/action-peer.js'
import { runningPort } from '../port/harness.js'
import { createRandom, randomBytes, SEED } from '../wire/random.js'

describe('the stream of a board', () => {
  it(`F10: with one byte flipped, dropped, inserted or doubled loses at most its frame, 20,000 times (seed ${SEED})`, () => {
    const counts = runFaultTrials(wire, createRandom(), 20_000)
    expect(counts).toMatchObject({ wrong: 0, untouchedLost: 0, first: undefined })
    expect(counts.touchedLost).toBeGreaterThan(15_000)
  })

  it(`D4: throws nothing for 100,000 random and mutated messages, each before a good one (seed ${SEED})`, () => {
    const counts = runMessageTrials(wire, 'board', createRandom(), 100_000)
    expect(counts.goodLost).toBe(0)
    for (const part of ['accepted', 'refused', 'unframed']) expect(counts[part], part).toBeGreaterThan(10_000)
  })

  it(`D4: of random messages in good frames ends sessions at most, and the next call works (seed ${SEED})`, async () => {
    const random = createRandom()
    const { clock, device, port } = await runningPort({}, { window: 4, receiveBytes: 0 })
    let ends = 0
    port.watch((notice) => void (notice.kind === 'state' && notice.state === 'backoff' && ends++))
    for (let round = 0; round < 300; round++) {
      for (let i = 0; i < 10; i++) {
        device.sayBytes(encodeFrame(Uint8Array.of(...randomBytes(random, 2), ...randomBytes(random, random() * 12))))
        if (random() < 0.3) device.sayBytes(randomBytes(random, random() * 40))
      }
      await clock.until(port.ready(), 600_000)
      await clock.advance(1)
      device.take()
      const call = port.call('setInterval', { ms: 100 + round })
      await clock.advance(1)
      const asked = device.take().findLast(({ value }) => (value as number[] | null)?.[0] === 100 + round)
      device.say(Action.REPLY, asked!.token, 100 + round)
      expect(await clock.until(call)).toBe(100 + round)
    }
    expect(port.info().counters.messagesRefused).toBeGreaterThan(100)
    expect(ends).toBeGreaterThan(0)
    await clock.until(port.close())
  })
})

describe('the stream of a program', () => {
  it(`D4: throws nothing for 100,000 random and mutated messages, each before a good one (seed ${SEED})`, () => {
    const counts = runMessageTrials(wire, 'program', createRandom(), 100_000)
    expect(counts.goodLost).toBe(0)
    for (const part of ['accepted', 'refused']) expect(counts[part], part).toBeGreaterThan(10_000)
  })

  it(`D4: of random packets fails the call that one answers, and the next one works (seed ${SEED})`, async () => {
    const random = createRandom()
    const { clock, port, peer } = await scriptedPort()
    let refused = 0
    for (let round = 0; round < 2_000; round++) {
      const fuzzed = port.call('echo', 1).catch(() => refused++)
      peer.packet(...randomBytes(random, random() * 20))
      await clock.until(fuzzed)
      const call = port.call('echo', round)
      peer.answer(round)
      expect(await clock.until(call)).toBe(round)
    }
    expect(refused).toBeGreaterThan(1_000)
    expect(port.info()).toMatchObject({ state: 'running', session: 1 })
  })
})
