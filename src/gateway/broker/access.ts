/** Who may say and hear what at a broker: roles, and the topic filters that each grants. What no filter grants is refused. The
 * embedded broker asks it for every decision; a Mosquitto is given the same as a file (mosquitto-acl.ts). */

import { HOME_ASSISTANT_DEFAULTS } from '../config/homeassistant-schema.js'

/** Topic filters of MQTT. */
export interface Grant {
  readonly read: readonly string[]
  readonly write: readonly string[]
}

/** anonymous: without a user, from this machine only. device: hears and commands the devices named. reader: hears everything but
 * commands. operator: a reader that commands every device and the gateway. gateway: a gateway's own rights. */
export type Role =
  | { readonly kind: 'anonymous' }
  | { readonly kind: 'device'; readonly devices: readonly string[] }
  | { readonly kind: 'reader' }
  | { readonly kind: 'operator' }
  | { readonly kind: 'gateway' }

/** Home Assistant's discovery, and its word that it has started. */
export interface DiscoveryTopics {
  readonly discoveryTopic: string
  readonly statusTopic: string
}

/** What a role may do. @param base  the gateway's base topic
 * @param topics  of the config's section `homeassistant`, or its defaults */
export function grantOf(role: Role, base: string, topics: DiscoveryTopics = HOME_ASSISTANT_DEFAULTS): Grant {
  const { statusTopic } = topics
  const discovery = `${topics.discoveryTopic}/#`
  const homeAssistant = matches(discovery, statusTopic) ? [discovery] : [discovery, statusTopic]
  switch (role.kind) {
    case 'anonymous':
      return { read: [`${base}/bridge/state`, `${base}/+/availability`], write: [] }
    case 'device':
      return {
        read: [`${base}/bridge/state`, ...role.devices.flatMap((device) => deviceSays(`${base}/${device}`))],
        write: role.devices.flatMap((device) => deviceHears(`${base}/${device}`)),
      }
    case 'reader':
      return { read: said(base), write: [] }
    case 'operator':
      return {
        read: [...said(base), ...homeAssistant],
        write: [`${base}/bridge/request/#`, ...deviceHears(`${base}/+`), statusTopic],
      }
    case 'gateway':
      return { read: [`${base}/#`, ...homeAssistant], write: [`${base}/#`, discovery] }
  }
}

/** A broker without users on 127.0.0.1: everything but the broker's own topics. */
export const OPEN: Grant = { read: ['#'], write: ['#'] }

function said(base: string): string[] {
  const bridge = ['state', 'info', 'devices', 'event', 'outbox', 'logging', 'health', 'response/#']
  return [...bridge.map((name) => `${base}/bridge/${name}`), ...deviceSays(`${base}/+`)]
}

function deviceSays(device: string): string[] {
  return [device, ...['event/+', 'availability', 'contract', 'log', 'response'].map((name) => `${device}/${name}`)]
}

function deviceHears(device: string): string[] {
  return ['call/+', 'set', 'get'].map((name) => `${device}/${name}`)
}

export function mayPublish(grant: Grant, topic: string): boolean {
  return grant.write.some((filter) => matches(filter, topic))
}

export function mayRead(grant: Grant, topic: string): boolean {
  return grant.read.some((filter) => matches(filter, topic))
}

/** True when there is a topic that both the subscription and the grant cover; each message is then looked at by itself. */
export function maySubscribe(grant: Grant, filter: string): boolean {
  const wanted = filter.split('/')
  return levelsOf(grant).some((granted) => overlaps(granted, wanted))
}

/** Split once: one packet can ask for thousands of subscriptions. */
const readLevels = new WeakMap<Grant, readonly (readonly string[])[]>()

function levelsOf(grant: Grant): readonly (readonly string[])[] {
  const known = readLevels.get(grant)
  if (known) return known
  const levels = grant.read.map((filter) => filter.split('/'))
  readLevels.set(grant, levels)
  return levels
}

/** MQTT 3.1.1, section 4.7: `+` is one level, `#` all that are left and their parent; neither begins with `$` at the first level. */
export function matches(filter: string, topic: string): boolean {
  const [levels, names] = [filter.split('/'), topic.split('/')]
  if (topic.startsWith('$') && isWildcard(levels[0]!)) return false
  for (const [at, level] of levels.entries()) {
    if (level === '#') return true
    if (at >= names.length || (level !== '+' && level !== names[at])) return false
  }
  return levels.length === names.length
}

function overlaps(a: readonly string[], b: readonly string[]): boolean {
  const dollar = [a[0]!, b[0]!].some((level) => level.startsWith('$'))
  if (dollar && [a[0]!, b[0]!].some(isWildcard)) return false
  for (let at = 0; ; at++) {
    const [left, right] = [a[at], b[at]]
    if (left === '#' || right === '#') return true
    if (left === undefined || right === undefined) return left === right
    if (left !== right && !isWildcard(left) && !isWildcard(right)) return false
  }
}

function isWildcard(level: string): boolean {
  return level === '+' || level === '#'
}
