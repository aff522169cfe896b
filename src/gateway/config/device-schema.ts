/** The section `devices`: the boards and programs, by name. */

import { z } from 'zod'
import { EVENT_SERVER_DEFAULTS } from '../../event-server/index.js'
import { MISSED_HEARTBEATS, PORT_DEFAULTS } from '../../port/limits.js'
import { PAYLOAD_FORMATS } from '../encoding.js'
import { LIMITS } from '../limits.js'
import { NAME, RESERVED_NAMES } from '../topics.js'
import { duration } from './duration.js'
import { eventQuota } from './quota-schema.js'
import { targetKeys, targetProblems } from './target-schema.js'

const restart = z
  .strictObject({
    type: z
      .enum(['permanent', 'transient', 'temporary'])
      .meta({
        title: 'Restart type',
        description: 'Started again always, only after an abnormal exit (transient), or never (temporary).',
        default: 'permanent',
        examples: ['transient'],
      })
      .optional(),
    initial: duration({
      title: 'First pause',
      description: 'First pause at most this long, doubling; not above max.',
      default: '250ms',
      examples: ['100ms'],
    }).optional(),
    max: duration({
      title: 'Longest pause',
      description: 'The pause never grows beyond.',
      default: '30s',
      examples: ['10s'],
    }).optional(),
    jitter: z
      .enum(['full', 'none'])
      .meta({
        title: 'Jitter',
        description: 'full draws each pause, so that many devices do not start together; none pauses for the longest.',
        default: 'full',
        examples: ['none'],
      })
      .optional(),
    max_restarts: z
      .int()
      .min(0)
      .meta({
        title: 'Intensity',
        description: 'More restarts than this within the period mark the device failed.',
        default: 5,
        examples: [3],
      })
      .optional(),
    within: duration({ title: 'Period', description: 'That period.', default: '30s', examples: ['1m'] }).optional(),
    retry_failed: duration({
      title: 'Pause once failed',
      description:
        'Pause between tries once failed; 0: it stays failed until it is plugged in anew, or device/restart.',
      default: '60s',
      examples: ['5m'],
    }).optional(),
  })
  .refine(({ initial, max }) => initial === undefined || max === undefined || initial <= max, {
    error: 'initial is above max',
  })
  .meta({
    title: 'Restarts',
    description: 'When to start it again.',
    examples: [{ initial: '250ms', max: '30s', max_restarts: 5, within: '30s', retry_failed: '60s' }],
  })

const eventServer = z
  .strictObject({
    port: z
      .int()
      .min(0)
      .max(65_535)
      .meta({
        title: 'Port',
        description: 'To listen at; 0 is any free one, told in bridge/devices.',
        examples: [4101],
      }),
    host: z
      .string()
      .min(1)
      .default(EVENT_SERVER_DEFAULTS.host)
      .meta({
        title: 'Host',
        description: 'Address to listen at. Who can connect hears the events: there is no password.',
        examples: ['127.0.0.1'],
      }),
    packet: z
      .union([z.literal(1), z.literal(2), z.literal(4)], { error: 'expected 1, 2 or 4' })
      .default(EVENT_SERVER_DEFAULTS.packet)
      .meta({
        title: 'Length bytes',
        description: "Bytes of the length in front, as in Erlang's {packet,N}: 1, 2 or 4.",
        examples: [4],
      }),
    events: z
      .array(z.string().meta({ title: 'Event', description: 'Name of an event.', examples: ['alarm'] }))
      .min(1)
      .default(['ALL'])
      .meta({
        title: 'Events',
        description: 'Events for whoever connects, by name; ALL is every one.',
        examples: [['alarm', 'reading']],
      }),
  })
  .meta({ title: 'Event server', description: 'A server for one program.', examples: [{ port: 4101 }] })

const device = z
  .strictObject({
    ...targetKeys,
    contract: z
      .string()
      .min(1)
      .meta({
        title: 'Contract',
        description: 'The contract, a JSON or YAML file; relative to the config file.',
        examples: ['greenhouse.yaml'],
      }),
    contract_mismatch: z
      .enum(['error', 'compatible', 'warn'])
      .meta({
        title: 'Another contract',
        description:
          'When the device was built from another contract: refuse it, ask it and go on if the two can talk, go on.',
        default: 'error',
        examples: ['compatible'],
      })
      .optional(),
    heartbeat: z
      .strictObject({
        every: duration({
          title: 'Heartbeat',
          description: 'Time between ticks; 0 is off.',
          default: '1s',
          examples: ['2s'],
        }).optional(),
        miss: z
          .int()
          .min(MISSED_HEARTBEATS.min)
          .max(MISSED_HEARTBEATS.max)
          .meta({
            title: 'Missed heartbeats',
            description: 'So many without an answer make the device silent; 2 to 100.',
            default: PORT_DEFAULTS.missedHeartbeats,
            examples: [5],
          })
          .optional(),
      })
      .meta({
        title: 'Heartbeat',
        description: 'How a silent device is found out.',
        examples: [{ every: '1s', miss: 3 }],
      })
      .optional(),
    ready_timeout: duration(
      {
        title: 'Ready timeout',
        description: 'From opening to the end of hello, boot included.',
        default: '10s',
        examples: ['20s'],
      },
      { minMs: 1 },
    ).optional(),
    call_timeout: duration(
      { title: 'Call timeout', description: 'Of calls over MQTT, waiting included.', default: '5s', examples: ['2s'] },
      { minMs: 1 },
    ).optional(),
    restart: restart.optional(),
    event_servers: z
      .array(eventServer)
      .max(LIMITS.eventServersPerDevice)
      .meta({
        title: 'Event servers',
        description: 'Events over TCP as packets; one server for each program that connects.',
        examples: [[{ port: 4101, packet: 2, events: ['alarm'] }]],
      })
      .optional(),
    event_quota: eventQuota.optional(),
    payload: z
      .enum(PAYLOAD_FORMATS)
      .meta({
        title: 'Payload',
        description: 'Of the events of this device, and of answers to calls without payload; default: that of mqtt.',
        examples: ['msgpack'],
      })
      .optional(),
    id: z
      .enum(['payload', 'property'])
      .meta({
        title: 'Id of events',
        description:
          'property: the payload of an event has no id, which is its user property alone; for MQTT 5. Under 3.1.1, which has none, it is in the payload.',
        default: 'payload',
        examples: ['property'],
      })
      .optional(),
    retained_commands: z
      .boolean()
      .meta({
        title: 'Retained commands',
        description:
          'true runs a retained command too: at every start of the gateway, and after every reconnect, anew.',
        default: false,
        examples: [true],
      })
      .optional(),
    retain: z
      .boolean()
      .default(true)
      .meta({
        title: 'Retain',
        description: 'Whether the merged state of the device is retained.',
        examples: [false],
      }),
    qos: z
      .union([z.literal(0), z.literal(1)], { error: 'expected 0 or 1' })
      .meta({
        title: 'QoS of plain events',
        description:
          '0: plain events are sent once, at once, past the outbox; while the broker is away or slow they are lost and counted. Reliable ones keep to 1.',
        default: 1,
        examples: [0],
      })
      .optional(),
  })
  .superRefine((value, context) => {
    for (const { key, message } of targetProblems(value)) {
      context.addIssue({ code: 'custom', message, ...(key !== undefined && { path: [key] }) })
    }
    const { open, ready_timeout: readyMs = PORT_DEFAULTS.readyTimeoutMs } = value
    if (open?.settle !== undefined && open.settle >= readyMs) {
      context.addIssue({ code: 'custom', message: 'leaves no time of ready_timeout', path: ['open', 'settle'] })
    }
  })
  .meta({
    title: 'Device',
    description: 'A board or a program.',
    examples: [{ serial: '/dev/ttyACM0', contract: 'greenhouse.yaml' }],
  })

const deviceName = z
  .string()
  .regex(NAME, { error: 'a device name has letters, digits, _ and - only, at most 64' })
  .refine((name) => !RESERVED_NAMES.includes(name), { error: "this name is the gateway's own; choose another" })

export const devicesSchema = z
  .record(deviceName, device)
  .refine((devices) => Object.keys(devices).length <= LIMITS.devices, { error: `at most ${LIMITS.devices} devices` })
  .meta({
    title: 'Devices',
    description: 'The boards and programs, by name: letters, digits, _ and -, at most 64; not bridge.',
    examples: [{ greenhouse: { serial: '/dev/ttyACM0', contract: 'greenhouse.yaml' } }],
  })

type Devices = z.output<typeof devicesSchema>

/** Devices whose tty is that of another: it has one owner, and a second one would find it locked for ever. */
export function sharedPorts(devices: Devices) {
  const owners = new Map<string, string>()
  return Object.entries(devices).flatMap(([name, { serial, match }]) => {
    const key = serial !== undefined ? 'serial' : 'match'
    const meant = serial ?? (match && JSON.stringify(Object.entries(match).sort()))
    if (meant === undefined) return []
    const owner = owners.get(meant)
    if (owner === undefined) owners.set(meant, name)
    const what = serial ?? 'this identity'
    return owner === undefined
      ? []
      : [{ name, key, message: `${what} is the tty of ${owner} already: a tty has one owner` }]
  })
}

/** Devices whose events cannot have their id as a property, as the broker is spoken to in MQTT 3.1.1. */
export function idsWithoutProperty(devices: Devices, isMqtt5: boolean) {
  return Object.keys(devices)
    .filter((name) => !isMqtt5 && devices[name]!.id === 'property')
    .map((name) => ({ name, message: 'needs MQTT 5: mqtt.version is 4, or the broker is the embedded one' }))
}

/** Event servers whose address is that of another: the gateway would end when it starts. */
export function sharedAddresses(devices: Devices) {
  const owners = new Map<string, string>()
  return Object.entries(devices).flatMap(([name, { event_servers = [] }]) =>
    event_servers.flatMap(({ host, port }, index) => {
      const address = `${host}:${port}`
      const owner = port === 0 ? undefined : owners.get(address)
      if (owner === undefined) owners.set(address, `devices.${name}.event_servers.${index}`)
      return owner === undefined ? [] : [{ name, index, message: `${address} is that of ${owner} already` }]
    }),
  )
}
