/** What a config comes to, for a person to look at: defaults filled in, contracts by name and hash, no secret. */

import type { GatewayConfig } from '../config.js'
import { REMOVED } from './secrets.js'

export function effectiveConfig({ mqtt, log, outbox, homeassistant, devices }: GatewayConfig): unknown {
  const { user, password, ...open } = mqtt
  return {
    ...(log && { log }),
    mqtt: {
      ...open,
      ...(user !== undefined && { user: REMOVED }),
      ...(password !== undefined && { password: REMOVED }),
    },
    outbox: outbox ? { ...outbox, ...(outbox.ttlMs === Number.POSITIVE_INFINITY && { ttlMs: 0 }) } : 'memory',
    homeassistant: homeassistant ?? 'off',
    devices: Object.fromEntries(
      devices.map(({ name, contract, ...device }) => [
        name,
        {
          ...device,
          contract: `${contract.name} ${contract.version} (${contract.hash.toString(16).padStart(8, '0')})`,
        },
      ]),
    ),
  }
}
