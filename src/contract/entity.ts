/** Entity data: what a home automation such as Home Assistant shows of a member of a contract. It is for people and their programs:
 * not on the wire, not in the hash, and may be changed at any time. */

import { didYouMean } from './file/nearest.js'
import type { ScalarType } from './types.js'

/** What a value is shown as. Source of the names: Home Assistant's MQTT integration,
 * https://www.home-assistant.io/integrations/mqtt/#mqtt-discovery */
export const FIELD_COMPONENTS = ['sensor', 'binary_sensor'] as const
/** What an action is operated by. */
export const ACTION_COMPONENTS = ['button', 'switch', 'light', 'valve', 'number'] as const

export type FieldComponent = (typeof FIELD_COMPONENTS)[number]
export type ActionComponent = (typeof ACTION_COMPONENTS)[number]

interface SharedEntity {
  /** For people; default: made of the name of the member. */
  readonly name?: string
  /** Such as `temperature` or `problem`; the words are those of the home automation. */
  readonly deviceClass?: string
  /** Default: the field's `unit`. */
  readonly unitOfMeasurement?: string
  /** Such as `mdi:fan`. */
  readonly icon?: string
  readonly entityCategory?: 'config' | 'diagnostic'
  /** False: there, but to be switched on by hand. Default true. */
  readonly enabledByDefault?: boolean
}

/** Of a field of an event. */
export interface FieldEntity extends SharedEntity {
  /** Default: `binary_sensor` for bool, else `sensor`. */
  readonly component?: FieldComponent
  readonly stateClass?: 'measurement' | 'total' | 'total_increasing'
  /** Digits after the point that are shown; 0 to 9. */
  readonly suggestedDisplayPrecision?: number
  /** Seconds without a new value after which it counts as unknown; 1 to 31,536,000. */
  readonly expireAfter?: number
  /** An action without arguments that reads the value now: its result, or the member of it that has the name of the field. */
  readonly read?: string
}

/** Of an action. Without it an action is never offered for operation: what moves something is for the contract to say. */
export interface ActionEntity extends SharedEntity {
  /** Default: `button` for an action without arguments, `switch` for one bool, `number` for one number with min and max. */
  readonly component?: ActionComponent
  /** The field of an event that tells what the action has brought about, `vent.open`. Default: the one that has the name and the
   * type of the argument. */
  readonly state?: string
  /** Smallest step of a number, above 0. Default 1 for whole numbers, else a hundredth of the range. */
  readonly step?: number
  readonly mode?: 'auto' | 'box' | 'slider'
}

const SHARED_KEYS = [
  'component',
  'name',
  'deviceClass',
  'unitOfMeasurement',
  'icon',
  'entityCategory',
  'enabledByDefault',
]
export const FIELD_ENTITY_KEYS = [...SHARED_KEYS, 'stateClass', 'suggestedDisplayPrecision', 'expireAfter', 'read']
export const ACTION_ENTITY_KEYS = [...SHARED_KEYS, 'state', 'step', 'mode']

const WORDS: Readonly<Record<string, readonly string[]>> = {
  entityCategory: ['config', 'diagnostic'],
  stateClass: ['measurement', 'total', 'total_increasing'],
  mode: ['auto', 'box', 'slider'],
}
const TEXTS = ['name', 'deviceClass', 'unitOfMeasurement', 'icon', 'state', 'read']
const MAX_TEXT_CHARS = 64
const MAX_PRECISION = 9
/** A year. */
const MAX_EXPIRY_SECONDS = 31_536_000

export interface EntityProblem {
  /** Below the entity, `deviceClass`; empty: the whole. */
  readonly key: string
  readonly problem: string
}

/** What is wrong with the entity data of a field of that type, by its own looks; undefined when nothing is. */
export function fieldEntityProblem(entity: unknown, type: ScalarType): EntityProblem | undefined {
  const problem = shapeProblem(entity, FIELD_ENTITY_KEYS, FIELD_COMPONENTS)
  if (problem) return problem
  const { component, stateClass } = entity as FieldEntity
  if (component === 'binary_sensor' && type !== 'bool') {
    return { key: 'component', problem: `a binary_sensor is a bool, not ${type}` }
  }
  if (component === 'sensor' && type === 'bool') return { key: 'component', problem: 'a bool is a binary_sensor' }
  if (type === 'bytes') return { key: '', problem: 'bytes cannot be shown' }
  if (stateClass !== undefined && (type === 'bool' || type === 'str')) {
    return { key: 'stateClass', problem: `it is for numbers, not for ${type}` }
  }
  return undefined
}

/** The same of an action. Whether `state` names a field is looked at when all events are known. */
export function actionEntityProblem(
  entity: unknown,
  args:
    | readonly {
        readonly name: string
        readonly kind: string
        readonly type?: ScalarType
        readonly min?: number
        readonly max?: number
      }[]
    | 'any',
): EntityProblem | undefined {
  const problem = shapeProblem(entity, ACTION_ENTITY_KEYS, ACTION_COMPONENTS)
  if (problem) return problem
  const component = actionComponent(entity as ActionEntity, args)
  if (component === undefined) {
    return {
      key: '',
      problem: 'only an action with no argument, one bool, or one number with min and max can be operated',
    }
  }
  const [only] = args === 'any' ? [] : args
  const fits =
    args !== 'any' &&
    (component === 'button'
      ? args.length === 0
      : args.length === 1 && (component === 'number' ? isRange(only!) : only!.type === 'bool'))
  if (!fits) return { key: 'component', problem: `a ${component} ${COMPONENT_NEEDS[component]}` }
  for (const key of ['step', 'mode'] as const) {
    if ((entity as ActionEntity)[key] !== undefined && component !== 'number')
      return { key, problem: 'it is for a number' }
  }
  return undefined
}

const COMPONENT_NEEDS: Readonly<Record<ActionComponent, string>> = {
  button: 'is an action without arguments',
  switch: 'is an action with one argument, a bool',
  light: 'is an action with one argument, a bool',
  valve: 'is an action with one argument, a bool',
  number: 'is an action with one argument, a number with min and max',
}

/** The component that is meant, given or by the arguments. */
export function actionComponent(
  entity: ActionEntity,
  args:
    | readonly { readonly kind: string; readonly type?: ScalarType; readonly min?: number; readonly max?: number }[]
    | 'any',
): ActionComponent | undefined {
  if (entity.component) return entity.component
  if (args === 'any' || args.length > 1) return undefined
  const [only] = args
  if (!only) return 'button'
  return only.type === 'bool' ? 'switch' : isRange(only) ? 'number' : undefined
}

/** 64-bit integers beyond 2^53 are strings in JSON, which no slider sends. */
function isRange(arg: { readonly type?: ScalarType; readonly min?: number; readonly max?: number }): boolean {
  return /^([uif](8|16|32)|f64)$/.test(arg.type ?? '') && Number.isFinite(arg.min) && Number.isFinite(arg.max)
}

function shapeProblem(
  entity: unknown,
  keys: readonly string[],
  components: readonly string[],
): EntityProblem | undefined {
  if (typeof entity !== 'object' || entity === null || Array.isArray(entity)) {
    return { key: '', problem: 'a table is expected (an empty one is {})' }
  }
  for (const [key, value] of Object.entries(entity)) {
    if (!keys.includes(key)) {
      return { key, problem: `not a key here${didYouMean(key, keys) || `; known: ${keys.join(', ')}`}` }
    }
    const problem = valueProblem(key, value, components)
    if (problem) return { key, problem }
  }
  return undefined
}

function valueProblem(key: string, value: unknown, components: readonly string[]): string | undefined {
  const words = key === 'component' ? components : WORDS[key]
  if (words) {
    if (typeof value === 'string' && words.includes(value)) return undefined
    return `${JSON.stringify(value)} is not one of ${words.join(', ')}${didYouMean(String(value), words)}`
  }
  if (TEXTS.includes(key)) {
    const isText =
      typeof value === 'string' && value.length > 0 && value.length <= MAX_TEXT_CHARS && !/\p{Cc}/u.test(value)
    return isText ? undefined : `a text of 1 to ${MAX_TEXT_CHARS} characters is expected, without control characters`
  }
  switch (key) {
    case 'enabledByDefault':
      return typeof value === 'boolean' ? undefined : 'true or false is expected'
    case 'suggestedDisplayPrecision':
      return isWhole(value, 0, MAX_PRECISION) ? undefined : `a whole number from 0 to ${MAX_PRECISION} is expected`
    case 'expireAfter':
      return isWhole(value, 1, MAX_EXPIRY_SECONDS)
        ? undefined
        : `whole seconds from 1 to ${MAX_EXPIRY_SECONDS} are expected`
    default:
      return typeof value === 'number' && value > 0 && Number.isFinite(value)
        ? undefined
        : 'a number above 0 is expected'
  }
}

function isWhole(value: unknown, least: number, most: number): boolean {
  return Number.isInteger(value) && (value as number) >= least && (value as number) <= most
}
