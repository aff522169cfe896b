/** A contract after it has been checked: what the rest of the program reads. */

import type { ActionEntity } from './entity.js'
import type { ArrayField, ContractDefinition, ScalarField } from './types.js'

/** A field with all its short forms written out. */
export type NormalField =
  | (ScalarField & { readonly kind: 'scalar'; readonly name: string })
  | (ArrayField & { readonly kind: 'array'; readonly name: string })

/** Named values by position, or any one value. */
export type NormalArgs = { readonly kind: 'fields'; readonly fields: readonly NormalField[] } | { readonly kind: 'any' }

/** What an action gives back: nothing, one value, or named values (an array by position on the wire). */
export type NormalResult =
  | { readonly kind: 'void' }
  | { readonly kind: 'one'; readonly field: NormalField }
  | { readonly kind: 'record'; readonly fields: readonly NormalField[] }
  | { readonly kind: 'any' }

export interface Action {
  readonly name: string
  readonly index: number
  readonly doc: string
  readonly args: NormalArgs
  readonly result: NormalResult
  /** Items that it sends as a job; `void`: none are declared. */
  readonly stream: NormalResult
  readonly idempotent: boolean
  readonly entity?: ActionEntity
}

export interface Event {
  readonly name: string
  readonly index: number
  readonly doc: string
  readonly fields: readonly NormalField[]
  readonly acknowledged: boolean
}

/** A checked contract. `definition` carries the literal type from which the Port's types follow. */
export interface Contract<C extends ContractDefinition = ContractDefinition> {
  readonly definition: C
  readonly name: string
  readonly version: string
  readonly protocol: 'portwire' | 'action'
  readonly actions: ReadonlyMap<string, Action>
  readonly events: ReadonlyMap<string, Event>
  readonly requests: ReadonlyMap<string, Action>
  /** One list for all kinds, so that a number on the wire tells its kind. */
  readonly byIndex: ReadonlyMap<number, { readonly kind: 'action' | 'event' | 'request'; readonly name: string }>
  /** u32; equal on both sides, or hello ends with CONTRACT_MISMATCH. */
  readonly hash: number
  /** Of one that is not known before the device has told it; see createUnknownContract. */
  readonly learning?: Learning
}

/** How a contract comes to be known: by DESCRIBE, before anything else of a session is looked at. */
export interface Learning {
  /** @param hash  of the device, as its hello has it */
  isWanted(hash: number): boolean
  learn(device: Contract): void
  /** False: of a device that cannot tell it, what was known is all that is known. */
  readonly isRequired: boolean
}
