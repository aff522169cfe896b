/** The config file: exactly the keys that the gateway honours. The same schema checks the file and documents it. */

import { z } from 'zod'
import { EVENT_SERVER_DEFAULTS } from '../event-server/index.js'
import { isBrokerUrl } from './broker-url.js'
import { PAYLOAD_FORMATS } from './encoding.js'
import { LIMITS } from './limits.js'
import { BASE_TOPIC, NAME, RESERVED_NAMES } from './topics.js'
import { parseDurationMs } from './units.js'

export const HOME_ASSISTANT_DEFAULTS = { discoveryTopic: 'homeassistant', statusTopic: 'homeassistant/status' } as const

/** 16 bits of seconds in CONNECT. */
const MAX_KEEPALIVE_MS = 65_535_000

/** A duration in the file, milliseconds once read. */
function duration(doc: string, range: { readonly minMs?: number; readonly maxMs?: number } = {}) {
  return z
    .union([z.string(), z.literal(0)], { error: 'expected a duration like 250ms, 30s or 5m' })
    .meta({ description: doc, examples: ['250ms', '30s'] })
    .transform((text, context) => {
      const ms = parseDurationMs(text)
      if (ms === undefined) {
        context.addIssue({ code: 'custom', message: 'expected a duration like 250ms, 30s or 5m', input: text })
        return z.NEVER
      }
      if (ms < (range.minMs ?? 0)) {
        context.addIssue({ code: 'custom', message: `expected at least ${range.minMs}ms`, input: text })
        return z.NEVER
      }
      if (ms > (range.maxMs ?? Infinity)) {
        context.addIssue({ code: 'custom', message: `expected at most ${range.maxMs}ms`, input: text })
        return z.NEVER
      }
      return ms
    })
}

const SERVER_EXPECTED = 'expected mqtt://host:port or mqtts://host:port, without user, password and path'

const payloadFormat = z.enum(PAYLOAD_FORMATS)

const mqtt = z.strictObject({
  server: z
    .string()
    .refine(isBrokerUrl, { error: SERVER_EXPECTED })
    .optional()
    .meta({ description: 'The broker. Not together with embedded.', examples: ['mqtt://127.0.0.1:1883'] }),
  embedded: z
    .string()
    .optional()
    .meta({
      description:
        'Run a broker inside the gateway, on this address; for trying out, it forgets everything at its end.',
      examples: ['127.0.0.1:1883'],
    }),
  base_topic: z
    .string()
    .regex(BASE_TOPIC, { error: 'expected one to four levels of letters, digits, _ and -' })
    .default('portwire')
    .meta({ description: 'First part of every topic.' }),
  version: z
    .union([z.literal(5), z.literal(4)], { error: 'expected 5, or 4 for MQTT 3.1.1' })
    .default(5)
    .meta({ description: '5 falls back to 3.1.1 when the broker refuses it; 4 is 3.1.1 only.' }),
  payload: payloadFormat.default('json').meta({
    description: 'Of events, and of answers to calls that came without payload. States are JSON always.',
  }),
  client_id: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,64}$/, { error: 'expected letters, digits, _ and -, at most 64' })
    .default('portwire')
    .meta({ description: 'Fixed, and different for every gateway at one broker: the broker keeps the session by it.' }),
  user: z.string().optional().meta({ description: 'User at the broker.' }),
  password: z.string().optional().meta({ description: 'Password at the broker; never shown in bridge/info or logs.' }),
  ca: z.string().min(1).optional().meta({
    description: 'PEM file of the authority that signed the certificate of an mqtts broker; relative to the config.',
  }),
  keepalive: duration('A dead link is noticed after 1.5 times this; whole seconds.', {
    minMs: 1_000,
    maxMs: MAX_KEEPALIVE_MS,
  })
    .default(LIMITS.keepaliveSeconds * 1_000)
    .meta({ description: 'A dead link is noticed after 1.5 times this; whole seconds.', default: '10s' }),
  reconnect: z
    .strictObject({
      min: duration('Shortest pause before connecting again.').optional(),
      max: duration('Longest pause before connecting again.').optional(),
    })
    .optional()
    .meta({ description: 'The pause is drawn evenly between min (1s) and max (30s).' }),
})

const restart = z.strictObject({
  type: z
    .enum(['permanent', 'transient', 'temporary'])
    .optional()
    .meta({ description: 'Started again always (default), only after an abnormal exit, or never.' }),
  initial: duration('First pause at most this long, doubling; default 250ms.').optional(),
  max: duration('The pause never grows beyond; default 30s.').optional(),
  max_restarts: z
    .int()
    .min(0)
    .optional()
    .meta({ description: 'More restarts than this within the period mark the device failed; default 5.' }),
  within: duration('That period; default 30s.').optional(),
  retry_failed: duration('Pause between tries once failed; default 60s.').optional(),
})

const eventServer = z.strictObject({
  port: z.int().min(0).max(65_535).meta({ description: 'To listen at; 0 is any free one, told in bridge/devices.' }),
  host: z
    .string()
    .min(1)
    .default(EVENT_SERVER_DEFAULTS.host)
    .meta({ description: 'Address to listen at. Who can connect hears the events: there is no password.' }),
  packet: z
    .union([z.literal(1), z.literal(2), z.literal(4)], { error: 'expected 1, 2 or 4' })
    .default(EVENT_SERVER_DEFAULTS.packet)
    .meta({ description: "Bytes of the length in front, as in Erlang's {packet,N}." }),
  events: z
    .array(z.string())
    .min(1)
    .default(['ALL'])
    .meta({ description: 'Events for whoever connects, by name; ALL is every one.' }),
})

const device = z
  .strictObject({
    serial: z
      .string()
      .min(1)
      .optional()
      .meta({ description: 'Path of the tty.', examples: ['/dev/ttyACM0'] }),
    spawn: z
      .array(z.string().min(1))
      .min(1)
      .optional()
      .meta({ description: 'A program and its arguments, in place of serial.', examples: [['./greenhouse-sim']] }),
    baud: z.int().min(50).max(12_000_000).optional().meta({ description: 'Bits per second; default 115200.' }),
    contract: z
      .string()
      .min(1)
      .meta({ description: 'The contract, a JSON or YAML file; relative to the config file.' }),
    contract_mismatch: z.enum(['error', 'compatible', 'warn']).optional().meta({
      description:
        'When the device was built from another contract: refuse it (default), ask it and go on if the two can talk, go on.',
    }),
    heartbeat: z
      .strictObject({ every: duration('Time between ticks; 0 is off.') })
      .optional()
      .meta({ description: 'Three missed ticks make the device silent; default every 1s.' }),
    ready_timeout: duration('From opening to the end of hello; default 10s.', { minMs: 1 }).optional(),
    call_timeout: duration('Of calls over MQTT, waiting included; default 5s.', { minMs: 1 }).optional(),
    restart: restart.optional().meta({ description: 'When to start it again.' }),
    event_servers: z
      .array(eventServer)
      .max(LIMITS.eventServersPerDevice)
      .optional()
      .meta({ description: 'Events over TCP as packets; one server for each program that connects.' }),
    payload: payloadFormat.optional().meta({ description: 'Of the events of this device; default: that of mqtt.' }),
    retain: z.boolean().default(true).meta({ description: 'Whether the merged state of the device is retained.' }),
  })
  .superRefine((value, context) => {
    if ((value.serial === undefined) === (value.spawn === undefined)) {
      context.addIssue({ code: 'custom', message: 'give one of serial and spawn' })
    }
    if (value.spawn !== undefined && value.baud !== undefined) {
      context.addIssue({ code: 'custom', message: 'a spawned program has no baud rate', path: ['baud'] })
    }
  })

const levels = z.string().regex(BASE_TOPIC, { error: 'expected one to four levels of letters, digits, _ and -' })
const homeassistant = z.strictObject({
  enabled: z.boolean().default(false).meta({ description: 'Whether the devices are told to Home Assistant.' }),
  discovery_topic: levels
    .default(HOME_ASSISTANT_DEFAULTS.discoveryTopic)
    .meta({ description: 'Where Home Assistant looks for discovery.' }),
  status_topic: levels
    .default(HOME_ASSISTANT_DEFAULTS.statusTopic)
    .meta({ description: 'Where Home Assistant says online; everything is said again then.' }),
})

const deviceName = z
  .string()
  .regex(NAME, { error: 'a device name has letters, digits, _ and - only, at most 64' })
  .refine((name) => !RESERVED_NAMES.includes(name), { error: "this name is the gateway's own; choose another" })

/** Devices whose `serial` is that of another: a tty has one owner, and a second one would find it locked for ever. */
function sharedPaths(devices: Readonly<Record<string, { readonly serial?: string | undefined }>>) {
  const owners = new Map<string, string>()
  return Object.entries(devices).flatMap(([name, { serial }]) => {
    if (serial === undefined) return []
    const owner = owners.get(serial)
    if (owner === undefined) owners.set(serial, name)
    return owner === undefined ? [] : [{ name, owner, serial }]
  })
}

export const configSchema = z
  .strictObject({
    version: z.literal(1, { error: 'expected 1' }).meta({ description: 'Of this file format.' }),
    mqtt: mqtt.prefault({}).meta({ description: 'The broker and how to reach it.' }),
    homeassistant: homeassistant.optional().meta({ description: 'Discovery by Home Assistant.' }),
    devices: z
      .record(deviceName, device)
      .refine((devices) => Object.keys(devices).length <= LIMITS.devices, {
        error: `at most ${LIMITS.devices} devices`,
      })
      .meta({ description: 'The boards and programs, by name.' }),
  })
  .superRefine((value, context) => {
    if (value.mqtt.server !== undefined && value.mqtt.embedded !== undefined) {
      context.addIssue({ code: 'custom', message: 'give one of server and embedded', path: ['mqtt'] })
    }
    const { base_topic: base } = value.mqtt
    const discovery = value.homeassistant?.discovery_topic ?? HOME_ASSISTANT_DEFAULTS.discoveryTopic
    if (value.homeassistant?.enabled && `${discovery}/`.startsWith(`${base}/`)) {
      const message = `it is ${base}, or below it, which is the gateway's own`
      context.addIssue({ code: 'custom', message, path: ['homeassistant', 'discovery_topic'] })
    }
    const { min = LIMITS.reconnectMinMs, max = LIMITS.reconnectMaxMs } = value.mqtt.reconnect ?? {}
    if (min > max) context.addIssue({ code: 'custom', message: 'min is above max', path: ['mqtt', 'reconnect'] })
    for (const { name, owner, serial } of sharedPaths(value.devices)) {
      const message = `${serial} is the tty of ${owner} already: a tty has one owner`
      context.addIssue({ code: 'custom', message, path: ['devices', name, 'serial'] })
    }
  })

/** The file with defaults filled in and durations in milliseconds. */
export type ConfigFile = z.output<typeof configSchema>

/** JSON Schema of the file as it is written, for `bridge/info` and for editors. */
export function configJsonSchema(): unknown {
  return z.toJSONSchema(configSchema, { io: 'input', unrepresentable: 'any' })
}
