/** The section `outbox`: where events wait for the broker. */

import { z } from 'zod'
import { LIMITS } from '../limits.js'
import { bytes } from './bytes.js'
import { duration } from './duration.js'

/** The longest event has to fit, and what is being sent beside it. */
const MIN_OUTBOX = '4MB'

const disk = z.strictObject({
  dir: z
    .string()
    .min(1)
    .meta({
      title: 'Folder',
      description:
        'Of this gateway alone, and with nothing else in it; relative to the config file. Default: $STATE_DIRECTORY, else the state folder of the user.',
      examples: ['/var/lib/portwire/outbox'],
    })
    .optional(),
  max_bytes: bytes(
    {
      title: 'Most bytes',
      description: 'Of events; the files take up to about twice that. At least 4MB; MiB is 1,048,576.',
      default: '256MB',
      examples: ['1GB'],
    },
    '256MB',
    MIN_OUTBOX,
  ).prefault(LIMITS.outboxDiskBytes),
  ttl: duration({
    title: 'Longest age',
    description: 'Older events are dropped, and counted; 0: none.',
    default: '0',
    examples: ['24h'],
  }).optional(),
  on_full: z
    .enum(['drop-oldest', 'reject-new'])
    .meta({
      title: 'When it is full',
      description: 'What gives way when there is no room: the oldest events, or the new ones.',
      default: 'drop-oldest',
      examples: ['reject-new'],
    })
    .default('drop-oldest'),
  sync: z
    .literal('group')
    .meta({
      title: 'Sync',
      description: 'Events that come together go to the disk together.',
      default: 'group',
      examples: ['group'],
    })
    .default('group'),
  hold: duration(
    {
      title: 'Hold',
      description: "How long the broker's acknowledgement is not relied on, at most 60s; 0: it is.",
      default: '0',
      examples: ['5s'],
    },
    { maxMs: 60_000 },
  ).optional(),
})

export const outboxSchema = z
  .union([z.literal('memory'), disk], { error: 'expected memory, or dir, max_bytes, ttl, on_full, sync, hold' })
  .meta({
    title: 'Outbox',
    description:
      'memory, or where events wait for the broker on disk. What changes here needs a restart of the gateway.',
    examples: ['memory', { dir: '/var/lib/portwire/outbox' }],
    requiresRestart: true,
  })
