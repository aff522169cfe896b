export {
  breakingChanges,
  type ContractChange,
  type ContractPair,
  contractConflicts,
} from './compatibility.js'
export { contractHeader } from './cpp.js'
export { ContractProblem, defineContract } from './define.js'
export { descriptorOf, hashOf } from './descriptor.js'
export { type ActionComponent, type ActionEntity, actionComponent, type FieldEntity } from './entity.js'
export { type EventField, stateFieldOf } from './entity-links.js'
export { CONTRACT_LIMITS } from './limits.js'
export { longestResultBytes, longestUnaskedBytes } from './longest-result.js'
export type { Action, Contract, Event, Learning, NormalArgs, NormalField, NormalResult } from './model.js'
export { parseDescriptor, withoutPlainIndexes } from './parse-descriptor.js'
export { contractLines } from './signatures.js'
export type {
  ActionName,
  AnyValue,
  ArgsOf,
  CallArguments,
  ContractDefinition,
  EventName,
  EventOf,
  Field,
  Fields,
  ItemOf,
  NoFields,
  PlainEventName,
  ReliableEventName,
  RequestArgsOf,
  RequestName,
  RequestResultOf,
  ResultOf,
  StreamName,
} from './types.js'
export { contractModule } from './typescript.js'
export { createUnknownContract, type UnknownContractOptions } from './unknown.js'
export {
  type Decoded,
  decodeArgs,
  decodeFields,
  decodeResult,
  encodeArgs,
  encodeFields,
  encodeResult,
  fieldsOf,
} from './validate.js'
