/** The key `mqtt.embedded`: where the broker of the gateway listens, its users and their roles. */

import { z } from 'zod'
import { LIMITS } from '../limits.js'
import { NAME } from '../topics.js'

const ROLES = ['device', 'reader', 'operator', 'gateway'] as const

const user = z
  .strictObject({
    password: z
      .string()
      .min(1)
      .meta({
        title: 'Password',
        description: 'In clear, best as !secret, or as portwire passwd prints it; never shown.',
        examples: ['…'],
        writeOnly: true,
      })
      .optional(),
    password_file: z
      .string()
      .min(1)
      .meta({
        title: 'Password file',
        description: 'File that holds either and nothing else, for its owner only; in place of password.',
        examples: ['/run/secrets/dashboard'],
      })
      .optional(),
    role: z.enum(ROLES).meta({
      title: 'Role',
      description:
        'device: hears and commands the devices given. reader: hears everything but commands. operator: a reader that ' +
        'commands every device and the gateway. gateway: the rights of another gateway.',
      examples: ['reader'],
    }),
    devices: z
      .array(z.string().regex(NAME, { error: 'expected the name of a device' }))
      .min(1, { error: 'name at least one device' })
      .meta({ title: 'Devices', description: 'Of the role device, by name.', examples: [['greenhouse']] })
      .optional(),
  })
  .superRefine((given, context) => {
    const say = (message: string, key?: string) =>
      context.addIssue({ code: 'custom', message, ...(key !== undefined && { path: [key] }) })
    if ((given.password === undefined) === (given.password_file === undefined)) {
      say('give one of password and password_file')
    }
    if ((given.role === 'device') !== (given.devices !== undefined)) {
      say('needed for the role device, and for no other', 'devices')
    }
  })

const table = z.strictObject({
  listen: z.string().meta({
    title: 'Address',
    description: 'Address and port; where others reach it only with users.',
    examples: ['127.0.0.1:1883', '0.0.0.0:1883'],
  }),
  anonymous: z
    .boolean()
    .default(false)
    .meta({
      title: 'Clients without a user',
      description: 'true: they hear which devices are there; on 127.0.0.1 only.',
      examples: [true],
    }),
  users: z
    .record(z.string().regex(NAME, { error: 'a user name has letters, digits, _ and - only, at most 64' }), user)
    .refine((users) => Object.keys(users).length <= LIMITS.brokerUsers, {
      error: `at most ${LIMITS.brokerUsers} users`,
    })
    .default({})
    .meta({
      title: 'Users',
      description: 'By name. Without users everybody on this machine may do everything, and no other machine anything.',
      examples: [{ dashboard: { password_file: '/run/secrets/dashboard', role: 'reader' } }],
    }),
})

/** An address, or the table. */
export const embeddedSchema = z
  .union([z.string(), table], { error: 'expected an address like 127.0.0.1:1883, or a table with listen' })
  .meta({
    title: 'Embedded broker',
    description:
      'Run a broker inside the gateway, on this address, or with users as a table; it forgets everything at its end.',
    examples: ['127.0.0.1:1883'],
  })

/** As it was checked. */
export type EmbeddedInFile = z.output<typeof embeddedSchema>
export type UserInFile = z.output<typeof user>
