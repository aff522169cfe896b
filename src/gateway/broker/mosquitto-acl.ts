/** The same access list as the embedded broker's, as an acl_file of Mosquitto. */

import { PortwireError } from '../../errors.js'
import type { GatewayConfig } from '../config.js'
import { type DiscoveryTopics, type Grant, grantOf, type Role } from './access.js'

interface AclUser {
  readonly name: string
  readonly role: Role
}

/** For the users of the embedded broker; without any, for one user of each role: the gateway's own, `operator`, `reader`, and one
 * called after each device. */
export function aclOf({ mqtt, devices, homeassistant }: GatewayConfig): string {
  const { server } = mqtt
  const own: AclUser = { name: mqtt.user ?? 'portwire', role: { kind: 'gateway' } }
  if (server.kind === 'embedded' && server.users) {
    const anonymous: AclUser[] = server.anonymous ? [{ name: '', role: { kind: 'anonymous' } }] : []
    return mosquittoAcl([...anonymous, own, ...server.users], mqtt.baseTopic, homeassistant)
  }
  const perDevice = devices.map(({ name }): AclUser => ({ name, role: { kind: 'device', devices: [name] } }))
  const people: AclUser[] = [
    { name: 'operator', role: { kind: 'operator' } },
    { name: 'reader', role: { kind: 'reader' } },
  ]
  return mosquittoAcl([own, ...people, ...perDevice], mqtt.baseTopic, homeassistant)
}

/** Lines of an acl_file; what is not in it Mosquitto refuses, an empty file included.
 * @param users  names and roles; the role anonymous stands for clients without a user and has no name
 * @throws CONFIG_INVALID  two of one name */
export function mosquittoAcl(users: readonly AclUser[], base: string, topics?: DiscoveryTopics): string {
  // Mosquitto would give a user of two sections the rights of both.
  const names = users.map(({ name }) => name)
  const twice = users.find(({ name }, index) => names.indexOf(name) !== index)
  if (twice) {
    const [first, second] = users.filter(({ name }) => name === twice.name).map(({ role }) => role.kind)
    const problem = `--mosquitto-acl: the user ${twice.name} would be both ${first} and ${second}: rename a user or a device, or set mqtt.user`
    throw new PortwireError('CONFIG_INVALID', problem)
  }
  const anonymous = users.filter(({ role }) => role.kind === 'anonymous')
  const named = users.filter(({ role }) => role.kind !== 'anonymous')
  // Lines before the first user are those of clients without one.
  const sections = [
    ...anonymous.map(({ role }) => ['# without a user', ...lines(grantOf(role, base, topics))]),
    ...named.map(({ name, role }) => [`# ${role.kind}`, `user ${name}`, ...lines(grantOf(role, base, topics))]),
  ]
  return ['# acl_file of Mosquitto, written by portwire gateway --mosquitto-acl', ...sections.map((s) => s.join('\n'))]
    .join('\n\n')
    .concat('\n')
}

function lines({ read, write }: Grant): string[] {
  return [...read.map((filter) => `topic read ${filter}`), ...write.map((filter) => `topic write ${filter}`)]
}
