/** What Home Assistant is told of a device: one message, from the contract alone. Pure.
 * Source of the keys: https://www.home-assistant.io/integrations/mqtt/#device-discovery-payload */

import type { Contract, FieldEntity } from '../../contract/index.js'
import type { SerialIdentity } from '../../link/index.js'
import { type Member, membersOf } from '../device/members.js'
import type { PayloadFormat } from '../encoding.js'
import { NAME, type Topics } from '../topics.js'
import { actionComponentConfig, buttonConfig } from './operated.js'

export interface DiscoveryDevice {
  readonly name: string
  readonly contract: Contract
  /** As its hello has it; undefined before the first. */
  readonly firmware?: string | undefined
  /** What is known of it beforehand: a board that is found by what it is has just that. */
  readonly board?: Pick<SerialIdentity, 'manufacturer' | 'serialNumber'> | undefined
  /** Of its events; default json. */
  readonly payload?: PayloadFormat | undefined
}

export interface DiscoveryGateway {
  /** Names the gateway among others at the same broker: its client id. */
  readonly clientId: string
  readonly version: string
  readonly topics: Topics
}

export type ComponentConfig = Readonly<Record<string, unknown>> & { readonly p: string }
export interface DiscoveryPayload {
  readonly dev: Readonly<Record<string, unknown>>
  readonly o: { readonly name: string; readonly sw: string }
  readonly cmps: Readonly<Record<string, ComponentConfig>>
  readonly [key: string]: unknown
}

/** The origin in every payload of ours. */
export const ORIGIN = 'portwire'

/** Of the device of the gateway itself. */
export function gatewayObjectId(clientId: string): string {
  return `portwire_${clientId}`
}

/** Made of names, not of what the board says: the same over restarts, and another board in its place keeps the history. */
export function objectId(clientId: string, device: string): string {
  return `portwire_${clientId}_${device}`
}

/** Whether an id may be of this gateway, or of a device that it has or had. */
export function isOwnId(id: string, clientId: string): boolean {
  const own = gatewayObjectId(clientId)
  return id === own || (id.startsWith(`${own}_`) && NAME.test(id.slice(own.length + 1)))
}

export function deviceDiscovery(device: DiscoveryDevice, gateway: DiscoveryGateway): DiscoveryPayload {
  const { name, contract, firmware, board } = device
  const { topics, clientId } = gateway
  const id = objectId(clientId, name)
  const members = membersOf(contract)
  const cmps: Record<string, ComponentConfig> = {}
  const add = (key: string, config: ComponentConfig) => {
    cmps[key] = {
      ...config,
      // A key has no `-`: so `pump_main` with `speed` is not `pump` with `main_speed`.
      unique_id: `${id}-${key}`,
      default_entity_id: `${config.p}.${slug(`${name}_${key}`)}`,
    }
  }
  for (const member of members) {
    const { value, set } = member
    const entity = value?.field.entity
    // A value that can be set is one entity, unless its field is described as well.
    if (value && entity !== false && (!set || entity !== undefined)) {
      const config = valueConfig(member, stateTopic(member, device, topics))
      if (config) add(set ? `${member.name}_value` : member.name, config)
    }
    if (set)
      add(
        member.name,
        actionComponentConfig(member, { set: topics.set(name), state: stateTopic(member, device, topics) }),
      )
  }
  for (const action of contract.actions.values()) {
    const isButton = action.entity && action.args.kind === 'fields' && action.args.fields.length === 0
    if (isButton)
      add(
        action.name in cmps ? `${action.name}_button` : action.name,
        buttonConfig(action, topics.call(name, action.name)),
      )
  }
  return {
    dev: {
      ids: [id],
      name: titled(name),
      mdl: contract.name,
      ...(board?.manufacturer !== undefined && { mf: board.manufacturer }),
      ...(board?.serialNumber !== undefined && { sn: board.serialNumber }),
      ...(firmware !== undefined && { sw: firmware }),
      via_device: gatewayObjectId(clientId),
    },
    o: { name: ORIGIN, sw: gateway.version },
    cmps,
    state_topic: topics.state(name),
    availability: [availability(topics.bridgeState), availability(topics.availability(name))],
    availability_mode: 'all',
    qos: 1,
  }
}

/** The gateway as a device, so that `via_device` leads somewhere. */
export function gatewayDiscovery(
  { clientId, version, topics }: DiscoveryGateway,
  canRestart: boolean,
): DiscoveryPayload {
  const id = gatewayObjectId(clientId)
  const own = (p: string, key: string, config: object): ComponentConfig => ({
    p,
    ...config,
    unique_id: `${id}_${key}`,
    default_entity_id: `${p}.${slug(`${id}_${key}`)}`,
  })
  const restart = {
    name: 'Restart',
    device_class: 'restart',
    entity_category: 'config',
    command_topic: topics.bridgeRequest('restart'),
    payload_press: '{}',
  }
  return {
    dev: { ids: [id], name: titled(clientId), mdl: 'gateway', mf: 'portwire', sw: version },
    o: { name: ORIGIN, sw: version },
    cmps: {
      version: own('sensor', 'version', {
        name: 'Version',
        entity_category: 'diagnostic',
        state_topic: topics.bridgeInfo,
        value_template: '{{ value_json.version }}',
      }),
      ...(canRestart && { restart: own('button', 'restart', restart) }),
    },
    availability: [availability(topics.bridgeState)],
    availability_mode: 'all',
    qos: 1,
  }
}

function availability(topic: string) {
  return { topic, value_template: '{{ value_json.state }}' }
}

/** Undefined where Home Assistant cannot read it: it knows no msgpack, and the merged state is JSON always. */
function stateTopic({ value }: Member, { name, payload }: DiscoveryDevice, topics: Topics): string | undefined {
  if (value?.from === 'state') return topics.state(name)
  return value && payload !== 'msgpack' ? topics.event(name, value.event.name) : undefined
}

/** A sensor or binary sensor; bytes are neither, nor what cannot be read. */
function valueConfig(member: Member, topic: string | undefined): ComponentConfig | undefined {
  const { field } = member.value!
  const entity = (field.entity || {}) as FieldEntity
  if (field.type === 'bytes' || topic === undefined) return undefined
  const isBool = field.type === 'bool'
  const unit = entity.unitOfMeasurement ?? (field.type === 'str' || isBool ? undefined : field.unit)
  return {
    p: isBool ? 'binary_sensor' : 'sensor',
    ...sharedConfig(entity, member.name),
    ...(unit !== undefined && { unit_of_measurement: unit }),
    ...(entity.stateClass && { state_class: entity.stateClass }),
    ...(entity.suggestedDisplayPrecision !== undefined && {
      suggested_display_precision: entity.suggestedDisplayPrecision,
    }),
    ...(entity.expireAfter !== undefined && { expire_after: entity.expireAfter }),
    // Stated although it may be that of the device: a component is then whole by itself.
    state_topic: topic,
    value_template: `{{ value_json.${field.name} }}`,
    // How a bool of JSON comes out of a template.
    ...(isBool && { payload_on: 'True', payload_off: 'False' }),
  }
}

/** What all components have. */
export function sharedConfig(entity: Omit<FieldEntity, 'component'>, name: string): Readonly<Record<string, unknown>> {
  return {
    name: entity.name ?? titled(name),
    ...(entity.deviceClass !== undefined && { device_class: entity.deviceClass }),
    ...(entity.entityCategory && { entity_category: entity.entityCategory }),
    ...(entity.icon !== undefined && { icon: entity.icon }),
    ...(entity.enabledByDefault !== undefined && { enabled_by_default: entity.enabledByDefault }),
  }
}

/** `readClimate` and `read_climate` become `Read climate`. */
export function titled(name: string): string {
  const words = name
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .replace(/[_-]+/g, ' ')
    .trim()
    .toLowerCase()
  return words === '' ? name : words[0]!.toUpperCase() + words.slice(1)
}

/** Ids of entities are small letters, digits and `_`. */
function slug(text: string): string {
  return text
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replace(/[^A-Za-z0-9]+/g, '_')
    .replace(/^_+|_+$/g, '')
    .toLowerCase()
}
