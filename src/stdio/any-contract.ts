/** A contract for programs that know numbers only: 240 actions, any value to and fro. */

import { type Contract, type ContractDefinition, createUnknownContract, defineContract } from '../contract/index.js'
import { FIRST_PROTOCOL_ACTION } from '../wire/index.js'

export function anyActionName(action: number): string {
  return `action${action}`
}

/** What a number means is only known of what goes out. A number that comes in is some event or request of the board, which
 * shares the list of indexes: only the board's contract tells which, so a board is asked for its own where none was given.
 * @param known  the board's contract: its events and requests are heard, its hash is asked for */
export function createAnyContract(known?: Contract): Contract {
  const actions: Record<string, NonNullable<ContractDefinition['actions']>[string]> = {}
  for (let index = 0; index < FIRST_PROTOCOL_ACTION; index++) {
    actions[anyActionName(index)] = { index, args: 'any', result: 'any' }
  }
  const definition: ContractDefinition = { name: 'stdio', version: '1', actions }
  const any = defineContract(definition)
  // A board that cannot tell its contract is called by number all the same.
  if (!known) return createUnknownContract({ actions: any.actions, relearns: true, isRequired: false })
  const { name, version, hash, events, requests, byIndex } = known
  return { ...any, name, version, hash, events, requests, byIndex }
}
