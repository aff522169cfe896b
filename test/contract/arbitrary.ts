/** Any contract, for properties. */

import fc from 'fast-check'
import type { ContractDefinition, Field } from '../../src/contract/index.js'
import { SCALAR_TYPE_NAMES } from '../../src/contract/scalar-types.js'
import type { ScalarType } from '../../src/contract/types.js'

const name = fc
  .tuple(fc.constantFrom(...'abcxyzABC'), fc.string({ unit: fc.constantFrom(...'abz019_'), maxLength: 5 }))
  .map(([first, rest]) => first + rest)
const fieldName = fc.oneof(name, fc.constantFrom('type', 'array', 'maxItems', 'constructor', 'any', 'void'))
const scalar = fc.constantFrom<ScalarType>(...SCALAR_TYPE_NAMES)
const field: fc.Arbitrary<Field> = fc.oneof(
  scalar,
  scalar.map((type) => ({ type })),
  fc.record({ type: fc.constantFrom<ScalarType>('str', 'bytes'), maxBytes: fc.nat(4_096) }),
  fc.record({ array: scalar, maxItems: fc.integer({ min: 1, max: 1_024 }) }),
)
/** In the long form, so that a record with a member called `type` is no field. */
const fields = fc.dictionary(
  fieldName,
  field.map((one) => (typeof one === 'string' ? { type: one } : one)),
  { maxKeys: 4, noNullPrototype: true },
)
const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined })
const result = fc.oneof(fc.constant('any' as const), field, fields)

const present = <T extends object>(value: T): T =>
  Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined)) as T

const table = <T extends object>(member: fc.Arbitrary<T>) =>
  fc.dictionary(name, member.map(present), { maxKeys: 4, noNullPrototype: true })

export const contractDefinition = fc
  .record({
    name,
    version: fc.constantFrom('1', '2.0'),
    actions: table(
      fc.record({
        args: optional(fc.oneof(fields, fc.constant('any' as const))),
        result: optional(result),
        stream: optional(result),
      }),
    ),
    events: table(fc.record({ fields: optional(fields), acknowledged: optional(fc.boolean()) })),
    requests: table(fc.record({ args: optional(fields), result: optional(result) })),
    first: fc.nat(200),
  })
  .map(({ first, ...definition }): ContractDefinition => {
    // The first member has an index of its own: the rest counts on from there.
    const [firstAction] = Object.keys(definition.actions)
    if (firstAction === undefined) return definition as ContractDefinition
    const actions = { ...definition.actions, [firstAction]: { index: first, ...definition.actions[firstAction] } }
    return { ...definition, actions } as ContractDefinition
  })
