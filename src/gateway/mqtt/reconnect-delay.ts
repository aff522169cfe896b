/** When to come back to a broker that is gone. */

import type { Random } from '../../clock.js'

/** Drawn evenly, so that of all gateways at a broker that was restarted about as many come in each second. */
export function reconnectDelayMs(minMs: number, maxMs: number, random: Random): number {
  return minMs + random() * Math.max(0, maxMs - minMs)
}
