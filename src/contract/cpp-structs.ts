/** The structs of a header: an action's result, and all of its arguments in one. */

import { docLines, memberDoc } from './cpp-docs.js'
import { constant, fieldNames } from './cpp-names.js'
import { checkCount, cppType, unsupported } from './cpp-types.js'
import type { Action, NormalField } from './model.js'

/** Of a result of several values, nothing for another.
 * @param isRead  the device decodes it, and so needs to visit its fields for writing */
export function resultStruct(action: Action, isRead: boolean): string[] {
  if (action.result.kind !== 'record') return []
  const { fields } = action.result
  checkCount(`${action.name}.result`, fields)
  const visits = fieldNames(fields).map((name) => `    visit(${name});`)
  // Where there is nothing to visit, a name would be unused.
  const visitor = fields.length === 0 ? 'const Visitor&' : 'const Visitor& visit'
  return [
    '',
    `/// Result of ${action.name}.`,
    `struct ${resultName(action)} {`,
    ...memberLines(action, fields),
    '',
    `  static constexpr uint8_t kFields = ${fields.length};`,
    `  template <class Visitor> void eachField(${visitor}) const {`,
    ...visits,
    '  }',
    ...(isRead ? [`  template <class Visitor> void eachField(${visitor}) {`, ...visits, '  }'] : []),
    '};',
  ]
}

/** What a handler may take in the place of its parameters; an action without arguments has none. */
export function argumentsStruct(action: Action): string[] {
  const fields = argsOf(action)
  if (fields.length === 0) return []
  return [
    '',
    `/// All arguments of ${action.name}, for a handler that takes \`const ${argumentsName(action)}&\` in their place.`,
    `struct ${argumentsName(action)} {`,
    ...memberLines(action, fields),
    '};',
  ]
}

function memberLines(action: Action, fields: readonly NormalField[]): string[] {
  const names = fieldNames(fields)
  return fields.flatMap((field, i) => [
    ...docLines(memberDoc(field)).map((line) => `  ${line}`),
    `  ${cppType(action.name, field, false)} ${names[i]};`,
  ])
}

/** @throws CONTRACT_INVALID  of any type */
export function argsOf(action: Action): readonly NormalField[] {
  if (action.args.kind === 'any') throw unsupported(action.name, 'arguments of any type')
  return action.args.fields
}

export function resultName(action: Action): string {
  return `${constant(action.name).slice(1)}Result`
}

export function argumentsName(action: Action): string {
  return `${constant(action.name).slice(1)}Arguments`
}
