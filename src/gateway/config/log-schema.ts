/** The section `log`: lines on stderr. */

import { z } from 'zod'
import { LOG_LEVELS } from '../log.js'

export const logSchema = z
  .strictObject({
    level: z
      .enum(LOG_LEVELS)
      .meta({
        title: 'Least level',
        description: 'Lines below this level are left out; --log-level goes before it.',
        default: 'info',
        examples: ['debug'],
      })
      .optional(),
    format: z
      .enum(['text', 'json'])
      .meta({
        title: 'Format',
        description: 'Text for people and journals, JSON for collectors; --log goes before it.',
        default: 'text',
        examples: ['json'],
      })
      .optional(),
  })
  .meta({
    title: 'Log',
    description: 'Log lines on stderr. What changes here needs a restart of the gateway.',
    examples: [{ level: 'debug' }],
    requiresRestart: true,
  })
