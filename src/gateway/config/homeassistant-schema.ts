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
      description: 'Where Home Assistant says online; not below mqtt.base_topic. Everything is said again then.',
      examples: ['homeassistant/status'],
    }),
  })
  .meta({
    title: 'Home Assistant',
    description: 'Discovery by Home Assistant. What changes here needs a restart of the gateway.',
    examples: [{ enabled: true }],
    requiresRestart: true,
  })

/** Topics that cannot be where the config has them, as what comes there would be taken for the gateway's own, and the other way round. */
export function topicProblems(
  baseTopic: string,
  homeAssistant: z.output<typeof homeAssistantSchema> | undefined,
): { readonly key: string; readonly message: string }[] {
  if (!homeAssistant?.enabled) return []
  return (['discovery_topic', 'status_topic'] as const)
    .filter((key) => `${homeAssistant[key]}/`.startsWith(`${baseTopic}/`))
    .map((key) => ({ key, message: `it is ${baseTopic}, or below it, which is the gateway's own` }))
}
