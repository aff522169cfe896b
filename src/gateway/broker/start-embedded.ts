/** The embedded broker of a config, started. */

import type { Log } from '../log.js'
import { grantOf } from './access.js'
import { type Broker, startBroker } from './broker.js'
import type { EmbeddedConfig } from './config.js'

/** @param base  the gateway's base topic
 * @throws PORT_BUSY  naming the port */
export function startEmbedded(server: EmbeddedConfig, base: string, log: Log): Promise<Broker> {
  const { host = '127.0.0.1', port, users = [], anonymous = false } = server
  return startBroker({ host, port }, log, {
    users,
    ...(anonymous && { anonymous: grantOf({ kind: 'anonymous' }, base) }),
  })
}
