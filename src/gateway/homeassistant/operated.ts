/** Components that act: each sends a command of one member to `set`, or calls an action. Pure.
 * Source of the keys: https://www.home-assistant.io/integrations/number.mqtt/ and the pages of switch, light, valve and button. */

import { type Action, actionComponent } from '../../contract/index.js'
import type { Member } from '../device/members.js'
import { type ComponentConfig, sharedConfig } from './discovery.js'

/** Home Assistant takes no smaller one. Source: https://www.home-assistant.io/integrations/number.mqtt/#step */
const MIN_STEP = 0.001

/** @param topics  where its commands go and its state comes from; without a state Home Assistant takes it that a command has worked */
export function actionComponentConfig(
  member: Member,
  topics: { readonly set: string; readonly state: string | undefined },
): ComponentConfig {
  const { action, arg } = member.set!
  const entity = action.entity!
  const component = actionComponent(entity, [arg])!
  const config = { p: component, ...sharedConfig(entity, member.name), command_topic: topics.set }
  const state = topics.state !== undefined && { state_topic: topics.state }
  const field = member.value?.field.name
  const value = { ...state, ...(state && { value_template: `{{ value_json.${field} }}` }) }
  const command = (json: string) => `{"${member.name}":${json}}`
  switch (component) {
    case 'number': {
      const unit = entity.unitOfMeasurement ?? arg.unit
      return {
        ...config,
        ...value,
        command_template: command('{{ value }}'),
        min: arg.min!,
        max: arg.max!,
        step: entity.step ?? defaultStep(arg.type, arg.min!, arg.max!),
        ...(entity.mode && { mode: entity.mode }),
        ...(unit !== undefined && { unit_of_measurement: unit }),
      }
    }
    case 'light':
      return {
        ...config,
        schema: 'template',
        command_on_template: command('true'),
        command_off_template: command('false'),
        ...state,
        ...(state && { state_template: lightState(field!) }),
      }
    case 'valve':
      return {
        ...config,
        ...value,
        payload_open: command('true'),
        payload_close: command('false'),
        ...(state && { state_open: 'True', state_closed: 'False' }),
      }
    default:
      return {
        ...config,
        ...value,
        payload_on: command('true'),
        payload_off: command('false'),
        ...(state && { state_on: 'True', state_off: 'False' }),
      }
  }
}

export function buttonConfig(action: Action, topic: string): ComponentConfig {
  return { p: 'button', ...sharedConfig(action.entity!, action.name), command_topic: topic, payload_press: '{}' }
}

/** What is not known is said to be so, and not taken for off. */
function lightState(field: string): string {
  return `{{ 'on' if value_json.${field} is true else 'off' if value_json.${field} is false else 'None' }}`
}

function defaultStep(type: string, min: number, max: number): number {
  if (!type.startsWith('f')) return 1
  return Math.max(MIN_STEP, Number(((max - min) / 100).toPrecision(3)))
}
