/** `event_quota` of a device: how many events it may put on MQTT. A reload takes a change over without touching the device. */

import { z } from 'zod'
import { LIMITS } from '../limits.js'

const count = z.int().min(1).max(LIMITS.maxEventsPerSecond)

export const eventQuota = z
  .strictObject({
    per_second: count
      .meta({
        title: 'Events a second',
        description: `Its events on MQTT, a second; at most ${LIMITS.maxEventsPerSecond.toLocaleString('en')}.`,
        default: LIMITS.eventsPerSecond,
        examples: [1_000],
      })
      .optional(),
    burst: count
      .meta({
        title: 'Events at once',
        description: 'Of a device that was quiet.',
        default: LIMITS.eventBurst,
        examples: [2_000],
      })
      .optional(),
  })
  .meta({
    title: 'Event quota',
    description: 'Plain events above it are dropped and counted; reliable ones wait on the device.',
    examples: [{ per_second: 1_000, burst: 2_000 }],
  })
