/** openRaw: bytes to and from whatever is at the other end, in Erlang's packet modes, supervised like a Port. */

import { systemClock } from './clock.js'
import { firstStart } from './first-start.js'
import type { PacketMode, RawPacket } from './port/host/raw-decoder.js'
import { createRawPort } from './port/host/raw-port.js'
import type { RawPort, RawPortOptions } from './port/host/raw-types.js'
import { createRestartStrategy, type RestartOptions } from './supervision/index.js'
import { connectorOf, type Target } from './target.js'

export type { PacketMode, RawPacket } from './port/host/raw-decoder.js'
export type {
  RawCounters,
  RawNotice,
  RawPort,
  RawPortInfo,
  RawPortOptions,
  RawPortState,
  RawWriteOptions,
} from './port/host/raw-types.js'
export type { LinePart } from './wire/index.js'

export type OpenRawOptions<M extends PacketMode = PacketMode> = RawPortOptions<M> & {
  readonly restart?: RestartOptions
  readonly random?: () => number
}

/** Opens a raw port and resolves when its link is there. A later drop is the restart options' concern; a start that fails
 * now is told at once.
 * @throws PORT_NOT_FOUND, PORT_BUSY, PERMISSION_DENIED, PORT_FAILED, ARGUMENT_INVALID, PORT_EXITED */
export async function openRaw<const M extends PacketMode>(
  target: Target,
  options: OpenRawOptions<M>,
): Promise<RawPort<RawPacket<M>>> {
  const clock = options.clock ?? systemClock
  const restart = createRestartStrategy(options.restart ?? {}, clock, options.random ?? Math.random)
  const port = createRawPort(connectorOf({ ...target, ...(options.clock ? { clock: options.clock } : {}) }), {
    ...options,
    restart,
  })
  return firstStart(port)
}
