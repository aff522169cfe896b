/** A contract as a file: exactly the keys that defineContract honours. The same schema checks files and is printed for editors. */

import { z } from 'zod'
import { FIRST_PROTOCOL_ACTION } from '../../wire/index.js'
import { ACTION_COMPONENTS, FIELD_COMPONENTS } from '../entity.js'
import { CONTRACT_LIMITS } from '../limits.js'
import { SCALAR_TYPE_NAMES } from '../scalar-types.js'

const NAME_EXPECTED = 'a name begins with a letter and has letters, digits and _ only, at most 64'
const name = z.string().regex(/^[A-Za-z][A-Za-z0-9_]{0,63}$/, { error: NAME_EXPECTED })
const doc = z.string().optional().meta({ description: 'For people; not on the wire.' })
const unit = z.string().optional().meta({ description: 'Of the value, for people, such as °C; not on the wire.' })

const typeName = z.enum(SCALAR_TYPE_NAMES).meta({ description: 'A type of one value on the wire.' })

const sharedEntity = {
  name: z.string().optional().meta({ description: 'For people; default: made of the name of the member.' }),
  deviceClass: z.string().optional().meta({ description: 'Such as temperature, or problem.' }),
  unitOfMeasurement: z.string().optional().meta({ description: 'Default: the unit of the field.' }),
  icon: z.string().optional().meta({ description: 'Such as mdi:fan.' }),
  entityCategory: z.enum(['config', 'diagnostic']).optional(),
  enabledByDefault: z.boolean().optional().meta({ description: 'False: to be switched on by hand. Default true.' }),
}
const fieldEntity = z
  .strictObject({
    component: z.enum(FIELD_COMPONENTS).optional(),
    ...sharedEntity,
    stateClass: z.enum(['measurement', 'total', 'total_increasing']).optional(),
    suggestedDisplayPrecision: z.int().optional().meta({ description: 'Digits after the point, 0 to 9.' }),
    expireAfter: z.int().optional().meta({ description: 'Seconds without a new value until it is unknown.' }),
    read: z.string().optional().meta({ description: 'An action without arguments that reads the value now.' }),
  })
  .meta({ description: 'How a home automation shows the field of an event; not on the wire.' })
const actionEntity = z
  .strictObject({
    component: z.enum(ACTION_COMPONENTS).optional(),
    ...sharedEntity,
    state: z
      .string()
      .optional()
      .meta({ description: 'The field of an event that tells the state, such as vent.open.' }),
    step: z.number().optional().meta({ description: 'Smallest step of a number.' }),
    mode: z.enum(['auto', 'box', 'slider']).optional(),
  })
  .meta({ description: 'How a home automation operates the action; left out: not at all. Not on the wire.' })

const scalarField = z
  .strictObject({
    type: typeName,
    unit,
    doc,
    entity: z.union([z.literal(false), fieldEntity]).optional(),
    min: z.number().optional().meta({ description: 'Smallest value of a number; checked before sending.' }),
    max: z.number().optional().meta({ description: 'Largest value of a number; checked before sending.' }),
    maxBytes: z
      .int()
      .min(0)
      .max(CONTRACT_LIMITS.valueBytes)
      .optional()
      .meta({ description: 'Longest str (in UTF-8) or bytes.' }),
  })
  .meta({ description: 'One value, with what a reader wants to know of it.' })

const arrayField = z
  .strictObject({
    array: typeName,
    maxItems: z.int().min(1).max(CONTRACT_LIMITS.items).meta({ description: 'Longest array.' }),
    unit,
    doc,
  })
  .meta({ description: 'Values of one type.' })

const field = z.union([typeName, scalarField, arrayField])
const fields = z.record(name, field).meta({ description: 'Named values; on the wire an array in the order listed.' })
const args = z.union([z.literal('any'), fields])
const result = z.union([z.enum([...SCALAR_TYPE_NAMES, 'any']), scalarField, arrayField, fields])

const index = z
  .int()
  .min(0)
  .max(255)
  .optional()
  .meta({
    description: `Number on the wire, 0 to ${FIRST_PROTOCOL_ACTION - 1} (with protocol action 0 to 255). Default: one more than that of the member before.`,
  })

const action = z.strictObject({
  index,
  doc,
  args: args.optional().meta({ description: 'What the caller gives. Default: nothing.' }),
  result: result.optional().meta({ description: 'What it answers: a value, or named values. Default: nothing.' }),
  stream: result.optional().meta({ description: 'It runs as a job and sends these on its way.' }),
  idempotent: z
    .boolean()
    .optional()
    .meta({ description: 'Doing it twice is the same as doing it once. Default false.' }),
  entity: actionEntity.optional(),
})
const event = z.strictObject({
  index,
  doc,
  fields: fields.optional(),
  acknowledged: z
    .boolean()
    .optional()
    .meta({ description: 'Reliable: the device keeps it until the host has finished with it. Default false.' }),
})
const request = z.strictObject({ index, doc, args: args.optional(), result: result.optional() })

export const contractSchema = z.strictObject({
  name: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,64}$/, { error: 'expected letters, digits, _ and -, at most 64' })
    .meta({ description: 'Of the contract. It is part of the hash.' }),
  version: z
    .string()
    .regex(/^[!-~]{1,16}$/, { error: 'expected 1 to 16 printable characters without blanks' })
    .meta({ description: 'For people; the hash decides whether two sides fit. In quotes.', examples: ['1.0'] }),
  protocol: z
    .enum(['portwire', 'action'])
    .optional()
    .meta({ description: 'action: of a program that exists already; it has actions only. Default portwire.' }),
  actions: z.record(name, action).optional().meta({ description: 'What the host calls.' }),
  events: z.record(name, event).optional().meta({ description: 'What the device tells.' }),
  requests: z.record(name, request).optional().meta({ description: 'What the device asks the host.' }),
})

/** JSON Schema (draft 2020-12) of a contract file, for editors. */
export function contractJsonSchema(): object {
  return z.toJSONSchema(contractSchema, { io: 'input' })
}
