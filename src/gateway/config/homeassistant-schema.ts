/** The section `homeassistant`: discovery. */

import { z } from 'zod'
import { BASE_TOPIC } from '../topics.js'

export const HOME_ASSISTANT_DEFAULTS = { discoveryTopic: 'homeassistant', statusTopic: 'homeassistant/status' } as const

const levels = z.string().regex(BASE_TOPIC, { error: 'expected one to four levels of letters, digits, _ and -' })

export const homeAssistantSchema = z
  .strictObject({
    enabled: z
      .boolean()
      .default(false)
      .meta({ title: 'Enabled', description: 'Whether the devices are told to Home Assistant.', examples: [true] }),
    discovery_topic: levels.default(HOME_ASSISTANT_DEFAULTS.discoveryTopic).meta({
      title: 'Discovery topic',
      description: 'Where Home Assistant looks for discovery; not below mqtt.base_topic.',
      examples: ['homeassistant'],
    }),
    status_topic: levels.default(HOME_ASSISTANT_DEFAULTS.statusTopic).meta({
      title: 'Status topic',
      description: 'Where Home Assistant says online; everything is said again then.',
      examples: ['homeassistant/status'],
    }),
  })
  .meta({
    title: 'Home Assistant',
    description: 'Discovery by Home Assistant. What changes here needs a restart of the gateway.',
    examples: [{ enabled: true }],
    requires_restart: true,
  })

/** Why discovery cannot be where the config has it; undefined when it can. */
export function discoveryTopicProblem(
  baseTopic: string,
  homeAssistant: z.output<typeof homeAssistantSchema> | undefined,
): string | undefined {
  if (!homeAssistant?.enabled || !`${homeAssistant.discovery_topic}/`.startsWith(`${baseTopic}/`)) return undefined
  return `it is ${baseTopic}, or below it, which is the gateway's own`
}
