/** From a device's config to its Port. */

import { createPort } from '../../open.js'
import type { DeviceConfig } from './config.js'
import type { UntypedPort } from './untyped-port.js'

/** Starts the port at once; it keeps trying by its restart options. */
export function openDevicePort(config: DeviceConfig): UntypedPort {
  const {
    name,
    contract,
    target,
    heartbeatMs,
    missedHeartbeats,
    readyTimeoutMs,
    callTimeoutMs,
    contractMismatch,
    restart,
  } = config
  const port = createPort(contract, {
    ...target,
    name,
    ...(heartbeatMs !== undefined && { heartbeatMs }),
    ...(missedHeartbeats !== undefined && { missedHeartbeats }),
    ...(readyTimeoutMs !== undefined && { readyTimeoutMs }),
    ...(callTimeoutMs !== undefined && { callTimeoutMs }),
    ...(contractMismatch && { contractMismatch }),
    ...(restart && { restart }),
  })
  // The names of a contract that was read at run time are not known to the compiler; the port checks them.
  return port as unknown as UntypedPort
}
