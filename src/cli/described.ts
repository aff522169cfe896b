/** The contract of a device: from a file, from the board itself, or from the gateway in front of it. */

import { type Contract, createUnknownContract } from '../contract/index.js'
import type { UntypedPort } from '../gateway/device/untyped-port.js'
import { type DirectOptions, openDirect } from './direct.js'

/** Opens a board. Where its contract is not known it is asked for it, and has told it when this resolves.
 * @throws what openDirect throws; CONTRACT_MISMATCH  it is asked, and was built without DESCRIBE */
export async function openBoard(
  known: Contract | undefined,
  options: DirectOptions,
): Promise<{ readonly port: UntypedPort; readonly contract: Contract }> {
  const contract = known ?? createUnknownContract()
  return { port: await openDirect(contract, options), contract }
}

/** Undefined without a file: the board is to be asked.
 * @throws CONTRACT_INVALID  the file is no contract */
export async function contractFrom(file: string | undefined): Promise<Contract | undefined> {
  if (file === undefined) return undefined
  const { loadContract } = await import('../contract/file/index.js')
  return loadContract(file)
}
