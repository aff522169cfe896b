/** A contract that nobody has yet: it is filled in when a device has told its own. */

import { defineContract } from './define.js'
import type { Action, Contract, Event } from './model.js'

export interface UnknownContractOptions {
  /** Actions that stay as they are: what is learned is only what each number is, an action, an event or a request. Default: all
   * members are learned. */
  readonly actions?: ReadonlyMap<string, Action>
  /** True: a device that is built anew meanwhile is asked again. Default false: it ends with CONTRACT_MISMATCH, as its names may
   * mean something else. */
  readonly relearns?: boolean
  /** Default true: a device that cannot tell its contract is refused. */
  readonly isRequired?: boolean
}

/** The same object before and after: a port that holds it knows its members from its device's first hello on. */
export function createUnknownContract(options: UnknownContractOptions = {}): Contract {
  const { relearns = false, isRequired = true } = options
  const actions = new Map<string, Action>(options.actions)
  const events = new Map<string, Event>()
  const requests = new Map<string, Action>()
  const byIndex = new Map<number, { readonly kind: 'action' | 'event' | 'request'; readonly name: string }>()
  let isKnown = false
  const contract: Contract = {
    ...defineContract({ name: 'unknown', version: '0' }),
    actions,
    events,
    requests,
    byIndex,
    learning: {
      isRequired,
      isWanted: (hash) => !isKnown || (relearns && hash !== contract.hash),
      learn(device) {
        isKnown = true
        refill(byIndex, device.byIndex)
        if (!options.actions) {
          refill(actions, device.actions)
          refill(events, device.events)
          refill(requests, device.requests)
        }
        const { definition, name, version, hash } = device
        Object.assign(contract, { definition, name, version, hash })
      },
    },
  }
  return contract
}

function refill<K, V>(map: Map<K, V>, from: ReadonlyMap<K, V>): void {
  map.clear()
  for (const [key, value] of from) map.set(key, value)
}
