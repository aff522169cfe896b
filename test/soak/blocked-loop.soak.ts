/** A device whose loop() is blocked at random: its ring never cuts a first transmission; with a host that does not look, it does. */

import { runBlockedLoop } from '../reliability/blocked-loop.js'
import { withoutRing } from '../reliability/without-ring.js'
import type { SoakOptions, SoakResult } from './soak.js'

export async function* run({ seed, isFull }: SoakOptions): AsyncGenerator<SoakResult> {
  const rounds = isFull ? 20_000 : 2_000
  for (const window of [1, 4] as const) {
    const result = await runBlockedLoop({ rounds, seed, window })
    const { cut, firsts, wrong, ranTwice } = result
    yield {
      what: `${rounds} rounds of a loop() blocked for up to 300 ms, window ${window}, device in C++`,
      figures: { ...result, cut: JSON.stringify(cut) },
      target: 'no first transmission cut by the ring of 63 bytes, 0 wrong, 0 run twice',
      ok: cut.first === 0 && wrong + ranTwice === 0 && firsts > rounds,
    }
  }
  const { cut } = await runBlockedLoop({ rounds: rounds / 10, seed, window: 4, change: withoutRing })
  yield {
    what: `${rounds / 10} rounds with a host that does not look at receiveBytes`,
    figures: { cut: JSON.stringify(cut) },
    target: 'first transmissions are cut, so the runs above could have failed',
    ok: cut.first > 0,
  }
}
