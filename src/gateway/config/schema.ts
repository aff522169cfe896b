/** The config file: exactly the keys that the gateway honours. The same schema checks the file and documents it. */

import { z } from 'zod'
import { devicesSchema, idsWithoutProperty, sharedAddresses, sharedPorts } from './device-schema.js'
import { homeAssistantSchema, topicProblems } from './homeassistant-schema.js'
import { logSchema } from './log-schema.js'
import { CONFIG_VERSION } from './migrate.js'
import { mqttSchema } from './mqtt-schema.js'
import { outboxSchema } from './outbox-schema.js'

export const configSchema = z
  .strictObject({
    version: z
      .literal(CONFIG_VERSION, { error: `expected ${CONFIG_VERSION}` })
      .meta({ title: 'Version', description: 'Of this file format.', examples: [CONFIG_VERSION] }),
    secrets_file: z
      .string()
      .min(1)
      .meta({
        title: 'Secrets',
        description: 'File that !secret looks in, for its owner only; relative to the config.',
        default: 'secrets.yaml',
        examples: ['/etc/portwire/secrets.yaml'],
      })
      .optional(),
    log: logSchema.optional(),
    mqtt: mqttSchema.prefault({}),
    outbox: outboxSchema.optional(),
    homeassistant: homeAssistantSchema.optional(),
    devices: devicesSchema,
  })
  .superRefine((value, context) => {
    for (const { name, key, message } of sharedPorts(value.devices)) {
      context.addIssue({ code: 'custom', message, path: ['devices', name, key] })
    }
    for (const { name, index, message } of sharedAddresses(value.devices)) {
      context.addIssue({ code: 'custom', message, path: ['devices', name, 'event_servers', index, 'port'] })
    }
    for (const { name, message } of idsWithoutProperty(
      value.devices,
      value.mqtt.version === 5 && !value.mqtt.embedded,
    )) {
      context.addIssue({ code: 'custom', message, path: ['devices', name, 'id'] })
    }
    for (const { key, message } of topicProblems(value.mqtt.base_topic, value.homeassistant)) {
      context.addIssue({ code: 'custom', message, path: ['homeassistant', key] })
    }
  })
  .meta({
    title: 'portwire gateway',
    description: 'The config file of `portwire gateway`, YAML or JSON.',
    examples: [{ version: 1, devices: { greenhouse: { serial: '/dev/ttyACM0', contract: 'greenhouse.yaml' } } }],
  })

/** The file with defaults filled in and durations in milliseconds. */
export type ConfigFile = z.output<typeof configSchema>

/** JSON Schema (2020-12) of the file as it is written, for `bridge/info` and for editors. `writeOnly` are the keys that are never
 * shown; `requiresRestart` sections whose changes a reload does not take over. */
export function configJsonSchema(): unknown {
  return z.toJSONSchema(configSchema, {
    io: 'input',
    unrepresentable: 'any',
    // Zod leaves them out where a value is read into another, as durations are; ours are as they are written.
    override: ({ zodSchema, jsonSchema }) => {
      const { default: standsFor, examples } = z.globalRegistry.get(zodSchema) ?? {}
      if (standsFor !== undefined) jsonSchema.default = standsFor as never
      if (examples !== undefined) jsonSchema.examples = examples as never
    },
  })
}
