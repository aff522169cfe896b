/** The section `mqtt`: the broker and how to reach it. */

import { z } from 'zod'
import { PAYLOAD_FORMATS } from '../encoding.js'
import { LIMITS } from '../limits.js'
import { isBrokerUrl } from '../mqtt/url.js'
import { BASE_TOPIC } from '../topics.js'
import { embeddedSchema } from './broker-schema.js'
import { bytes } from './bytes.js'
import { duration } from './duration.js'

/** 16 bits of seconds in CONNECT. */
const MAX_KEEPALIVE_MS = 65_535_000

const SERVER_EXPECTED = 'expected mqtt://host:port or mqtts://host:port, without user, password and path'

const file = (title: string, description: string, example: string) =>
  z
    .string()
    .min(1)
    .meta({ title, description, examples: [example] })
    .optional()

export const mqttSchema = z
  .strictObject({
    server: z
      .string()
      .refine(isBrokerUrl, { error: SERVER_EXPECTED })
      .meta({
        title: 'Broker',
        description: 'The broker. Not together with embedded.',
        default: 'mqtt://127.0.0.1:1883',
        examples: ['mqtt://127.0.0.1:1883', 'mqtts://broker.local:8883'],
      })
      .optional(),
    embedded: embeddedSchema.optional(),
    base_topic: z
      .string()
      .regex(BASE_TOPIC, { error: 'expected one to four levels of letters, digits, _ and -' })
      .default('portwire')
      .meta({ title: 'Base topic', description: 'First part of every topic.', examples: ['site1/attic'] }),
    version: z
      .union([z.literal(5), z.literal(4)], { error: 'expected 5, or 4 for MQTT 3.1.1' })
      .default(5)
      .meta({
        title: 'MQTT version',
        description: '5 falls back to 3.1.1 when the broker refuses it; 4 is 3.1.1 only.',
        examples: [4],
      }),
    payload: z
      .enum(PAYLOAD_FORMATS)
      .default('json')
      .meta({
        title: 'Payload',
        description:
          'Of events, and of answers to calls that came without payload; states are JSON always. A reload starts the devices anew that go by it.',
        examples: ['msgpack'],
      }),
    client_id: z
      .string()
      .regex(/^[A-Za-z0-9_-]{1,64}$/, { error: 'expected letters, digits, _ and -, at most 64' })
      .default('portwire')
      .meta({
        title: 'Client id',
        description: 'Fixed, and different for every gateway at one broker: the broker keeps the session by it.',
        examples: ['portwire-attic'],
      }),
    user: z
      .string()
      .meta({ title: 'User', description: 'User at the broker; never shown.', examples: ['attic'], writeOnly: true })
      .optional(),
    password: z
      .string()
      .meta({
        title: 'Password',
        description: 'Password at the broker; never shown. Best as !secret, or as password_file.',
        examples: ['…'],
        writeOnly: true,
      })
      .optional(),
    password_file: file(
      'Password file',
      'File that holds the password and nothing else, for its owner only; relative to the config. In place of password.',
      '/run/secrets/mqtt',
    ),
    ca: file(
      'Authority',
      'PEM file of the authority that signed the certificate of an mqtts broker; relative to the config. Default: those that Node knows.',
      '/etc/portwire/ca.pem',
    ),
    cert: file(
      'Certificate',
      "PEM file of the gateway's own certificate, for a broker that asks for one; together with key.",
      '/etc/portwire/client.pem',
    ),
    key: file(
      'Private key',
      'PEM file of its private key, without a passphrase, for its owner only.',
      '/etc/portwire/client.key',
    ),
    reject_unauthorized: z
      .boolean()
      .default(true)
      .meta({
        title: 'Refuse brokers that are not to be trusted',
        description:
          'false takes any certificate of the broker: whoever is on the way can read and write everything. Give ca instead.',
        examples: [false],
      }),
    keepalive: duration(
      {
        title: 'Keepalive',
        description: 'A dead link is noticed after 1.5 times this; whole seconds.',
        default: '10s',
        examples: ['15s'],
      },
      { minMs: 1_000, maxMs: MAX_KEEPALIVE_MS },
    ).optional(),
    max_packet_bytes: bytes(
      {
        title: 'Longest packet',
        description:
          'What the broker takes at most, where it speaks MQTT 3.1.1 only, which has no word for it: what is longer is counted, and not sent. At least 1kB. Under MQTT 5 the broker says it.',
        default: '1MiB',
        examples: ['128KiB'],
      },
      '128KiB',
      '1kB',
    ).optional(),
    reconnect: z
      .strictObject({
        min: duration({
          title: 'Shortest pause',
          description: 'Shortest pause before connecting again.',
          default: '1s',
          examples: ['500ms'],
        }).optional(),
        max: duration({
          title: 'Longest pause',
          description: 'Longest pause before connecting again.',
          default: '30s',
          examples: ['10s'],
        }).optional(),
      })
      .meta({
        title: 'Reconnecting',
        description: 'The pause before connecting again is drawn evenly between min and max.',
        examples: [{ min: '1s', max: '30s' }],
      })
      .optional(),
  })
  .superRefine((mqtt, context) => {
    const say = (message: string, key?: string) =>
      context.addIssue({ code: 'custom', message, ...(key !== undefined && { path: [key] }) })
    if (mqtt.server !== undefined && mqtt.embedded !== undefined) say('give one of server and embedded')
    if (mqtt.password !== undefined && mqtt.password_file !== undefined) say('give one of password and password_file')
    if ((mqtt.cert === undefined) !== (mqtt.key === undefined)) say('cert and key go together')
    const { min = LIMITS.reconnectMinMs, max = LIMITS.reconnectMaxMs } = mqtt.reconnect ?? {}
    if (min > max) say('min is above max', 'reconnect')
  })
  .meta({
    title: 'MQTT',
    description: 'The broker and how to reach it. What changes here needs a restart of the gateway, payload excepted.',
    examples: [{ server: 'mqtt://broker.local:1883' }],
    requiresRestart: true,
  })
