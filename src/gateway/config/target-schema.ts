/** Keys of a device that say where it is and how it is opened. */

import { z } from 'zod'
import { parseHostPort } from '../../link/address.js'
import { duration } from './duration.js'

const text = (title: string, description: string, example: unknown) =>
  z
    .string()
    .min(1)
    .meta({ title, description, examples: [example] })
    .optional()

const usbId = (title: string, example: string) =>
  z
    .string({ error: 'expected up to four hex digits in quotes' })
    .regex(/^(0x)?[0-9a-f]{1,4}$/i, { error: 'expected up to four hex digits in quotes' })
    .meta({ title, description: `${title}, in hex and in quotes, as portwire list prints it.`, examples: [example] })
    .optional()

const match = z
  .strictObject({
    vendor_id: usbId('USB vendor', '2341'),
    product_id: usbId('USB product', '0043'),
    serial_number: text('Serial number', 'Of the USB device.', '75735303431351E0A152'),
    manufacturer: text('Manufacturer', 'As the USB device says it.', 'Arduino (www.arduino.cc)'),
    interface_number: z
      .int()
      .min(0)
      .meta({ title: 'Interface', description: 'Which function of one USB device, from 0.', examples: [0] })
      .optional(),
    usb_path: text(
      'USB socket',
      'Tells identical boards apart, as long as their cables stay where they are; 1-1.4 is any function there.',
      '1-1.4:1.0',
    ),
  })
  .refine((given) => Object.values(given).some((value) => value !== undefined), { error: 'name at least one key' })
  .meta({
    title: 'Identity',
    description: 'The board by what it is, in place of serial: all that is named must fit, and fit one port only.',
    examples: [{ vendor_id: '2341', product_id: '0043', serial_number: '75735303431351E0A152' }],
  })

function isHostPort(given: string): boolean {
  try {
    return parseHostPort(given).port > 0
  } catch {
    return false
  }
}

function isWebSocketUrl(given: string): boolean {
  if (!/^wss?:\/\/[^\s]+$/.test(given) || !URL.canParse(given)) return false
  const { username, password } = new URL(given)
  return username === '' && password === ''
}

const LINES = ['keep', 'assert', 'release', 'pulse'] as const

export const targetKeys = {
  serial: text(
    'Serial port',
    'Absolute path of the tty, best one of /dev/serial/by-id/; of one device only.',
    '/dev/serial/by-id/usb-Arduino__www.arduino.cc__0043_75735303431351E0A152-if00',
  ),
  match: match.optional(),
  spawn: z
    .array(
      z
        .string()
        .min(1)
        .meta({ title: 'Word', description: 'Program or argument.', examples: ['--seed'] }),
      { error: 'expected a list such as [./greenhouse-sim, --seed, "7"]' },
    )
    .min(1)
    .meta({
      title: 'Program',
      description:
        'A program and its arguments as a list, [./greenhouse-sim, --seed, "7"], in place of a board; found in PATH, or from the folder where the gateway was started. Every user of the machine can see them.',
      examples: [['./greenhouse-sim', '--seed', '7']],
    })
    .optional(),
  tcp: z
    .string()
    .refine(isHostPort, { error: 'expected host:port' })
    .meta({
      title: 'TCP',
      description: 'A serial server or a program on the network, raw bytes.',
      examples: ['pi.local:4001'],
    })
    .optional(),
  websocket: z
    .string()
    .refine(isWebSocketUrl, { error: 'expected ws://host:port/path or wss://…, without user and password' })
    .meta({
      title: 'WebSocket',
      description: 'The same behind a WebSocket; the address is shown in bridge/devices.',
      examples: ['ws://10.0.0.7:81/port'],
    })
    .optional(),
  baud: z
    .int()
    .min(50)
    .max(12_000_000)
    .meta({ title: 'Baud rate', description: 'Bits per second, of a board.', default: 115_200, examples: [57_600] })
    .optional(),
  open: z
    .strictObject({
      dtr: z
        .enum([...LINES, 'touch'])
        .meta({
          title: 'DTR',
          description:
            'What is done with DTR once the port is open. pulse resets an Arduino; touch is keep, for boards with native USB, which a touch at 1,200 baud restarts when they are silent.',
          default: 'keep',
          examples: ['release'],
        })
        .optional(),
      rts: z
        .enum(LINES)
        .meta({ title: 'RTS', description: 'The same of RTS.', default: 'keep', examples: ['release'] })
        .optional(),
      settle: duration(
        {
          title: 'Settling',
          description:
            'Nothing is written for so long after the opening: for a bootloader that takes a hello for an upload. Part of ready_timeout.',
          default: 0,
          examples: ['2s'],
        },
        { maxMs: 60_000 },
      ).optional(),
    })
    .meta({ title: 'Opening', description: 'How a board is opened.', examples: [{ dtr: 'release', settle: '2s' }] })
    .optional(),
  lock: z
    .strictObject({
      wait: duration({
        title: 'Waiting',
        description: 'A port that another process holds is tried again for so long before it counts as busy.',
        default: 0,
        examples: ['5s'],
      }).optional(),
    })
    .meta({ title: 'Lock', description: 'A tty has one owner.', examples: [{ wait: '5s' }] })
    .optional(),
}

const TARGETS = ['serial', 'match', 'spawn', 'tcp', 'websocket'] as const
/** Keys that mean something on a UART only. */
const OF_A_BOARD = { baud: 'baud rate', open: 'lines to open', lock: 'lock' } as const

type Targets = Partial<Record<(typeof TARGETS)[number] | keyof typeof OF_A_BOARD, unknown>>

/** What does not go together, with the key that it is said of. */
export function targetProblems(device: Targets): { readonly key?: string; readonly message: string }[] {
  const given = TARGETS.filter((key) => device[key] !== undefined)
  if (given.length !== 1) return [{ message: 'give one of serial, match, spawn, tcp and websocket' }]
  if (given[0] === 'serial' || given[0] === 'match') return []
  const what = given[0] === 'spawn' ? 'a spawned program' : 'a device on the network'
  return Object.entries(OF_A_BOARD)
    .filter(([key]) => device[key as keyof typeof OF_A_BOARD] !== undefined)
    .map(([key, name]) => ({ key, message: `${what} has no ${name}` }))
}
