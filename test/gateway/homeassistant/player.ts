/** Plays Home Assistant: reads discovery, keeps the state of every entity by its templates, and sends commands by them. It knows the
 * simple templates only, and refuses any other: a test must not pass because a template was not understood. */

import type { DiscoveryPayload } from '../../../src/gateway/homeassistant/discovery.js'
import type { Message, TestClient } from '../mqtt-client.js'

type Component = Readonly<Record<string, unknown>> & { readonly p: string }

export interface Player {
  readonly payload: DiscoveryPayload
  /** What Home Assistant would show: a value, `unknown`, or `unavailable`. */
  state(entity: string): unknown
  turn(entity: string, isOn: boolean): Promise<void>
  setNumber(entity: string, value: number): Promise<void>
  press(entity: string): Promise<void>
}

/** Reads the discovery of `topic`, which the client has heard. */
export async function playHomeAssistant(client: TestClient, topic: string): Promise<Player> {
  const { json } = await client.next(topic, ({ text }) => text !== '')
  const payload = json as unknown as DiscoveryPayload
  const component = (entity: string): Component => {
    const found = payload.cmps[entity]
    if (!found) throw new Error(`no entity ${entity}; there are: ${Object.keys(payload.cmps).join(', ')}`)
    return found
  }
  const latest = (on: unknown): Message | undefined => client.messages.findLast((message) => message.topic === on)
  const publish = (entity: string, text: unknown) =>
    client.publish(String(component(entity)['command_topic']), text as string)

  const isAvailable = () => {
    const entries = payload['availability'] as readonly { readonly topic: string; readonly value_template: string }[]
    return entries.every((entry) => {
      const message = latest(entry.topic)
      return message !== undefined && render(entry.value_template, message.json) === 'online'
    })
  }
  return {
    payload,
    state(entity) {
      if (!isAvailable()) return 'unavailable'
      const config = component(entity)
      const message = latest(config['state_topic'] ?? payload['state_topic'])
      const text = message && render(String(config['state_template'] ?? config['value_template']), message.json)
      if (text === undefined || text === '' || text === 'None') return 'unknown'
      switch (config.p) {
        case 'binary_sensor':
          return matched(text, config['payload_on'], config['payload_off'])
        case 'switch':
          return matched(text, config['state_on'], config['state_off'])
        case 'light':
          return matched(text, 'on', 'off')
        default:
          return 'unit_of_measurement' in config || config.p === 'number' ? Number(text) : text
      }
    },
    turn(entity, isOn) {
      const config = component(entity)
      const key = config.p === 'light' ? ['command_off_template', 'command_on_template'] : ['payload_off', 'payload_on']
      return publish(entity, config[key[isOn ? 1 : 0]!])
    },
    setNumber(entity, value) {
      const { min, max, command_template: template } = component(entity)
      if (value < (min as number) || value > (max as number)) throw new Error(`${value} is not on the slider`)
      return publish(entity, String(template).replace('{{ value }}', String(value)))
    },
    press: (entity) => publish(entity, component(entity)['payload_press']),
  }
}

function matched(text: string, on: unknown, off: unknown): 'on' | 'off' | 'unknown' {
  return text === on ? 'on' : text === off ? 'off' : 'unknown'
}

/** As Jinja renders them: true is `True`, null is `None`, and what is not there is nothing. */
function render(template: string, json: Readonly<Record<string, unknown>>): string {
  const value = /^\{\{ value_json\.(\w+) \}\}$/.exec(template)
  if (value) return python(json[value[1]!])
  const light = /^\{\{ 'on' if value_json\.(\w+) is true else 'off' if value_json\.\1 is false else 'None' \}\}$/.exec(
    template,
  )
  if (!light) throw new Error(`a template that is not played here: ${template}`)
  const state = json[light[1]!]
  return state === true ? 'on' : state === false ? 'off' : 'None'
}

function python(value: unknown): string {
  if (value === undefined) return ''
  if (value === null) return 'None'
  if (typeof value === 'boolean') return value ? 'True' : 'False'
  return String(value)
}
