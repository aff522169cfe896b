/** open: from a contract and a target to a port that is ready, supervised from then on. */

import { systemClock } from './clock.js'
import type { Contract, ContractDefinition } from './contract/index.js'
import { firstStart } from './first-start.js'
import { connectorOf, type Target } from './target.js'

export type { Target } from './target.js'

import { createPort as createPortOver, type Port, type PortOptions } from './port/index.js'
import { createRestartStrategy, type RestartOptions } from './supervision/index.js'

export type OpenOptions<C extends ContractDefinition = ContractDefinition> = Target &
  Omit<PortOptions<C>, 'restart'> & { readonly restart?: RestartOptions }

/** Makes a port and starts it at once; what does not start is tried again by the restart options. For programs that must
 * come up whether or not the device is there.
 * @throws ARGUMENT_INVALID  the target or an option is not usable */
export function createPort<C extends ContractDefinition>(contract: Contract<C>, options: OpenOptions<C>): Port<C> {
  const clock = options.clock ?? systemClock
  const restart = createRestartStrategy(options.restart ?? {}, clock, options.random ?? Math.random)
  return createPortOver(contract, connectorOf(options), { ...options, restart })
}

/** Opens a port and resolves when its device has said hello and onStart is through. A later drop is the restart options'
 * concern; a start that fails now is told at once.
 * @throws PORT_NOT_FOUND, PORT_BUSY, PERMISSION_DENIED, PORT_FAILED, HELLO_TIMEOUT, CONTRACT_MISMATCH, ARGUMENT_INVALID,
 *   PORT_EXITED (the program ended, or `signal` was aborted, before it was ready) */
export async function open<C extends ContractDefinition>(
  contract: Contract<C>,
  options: OpenOptions<C>,
): Promise<Port<C>> {
  return firstStart(createPort(contract, options))
}
