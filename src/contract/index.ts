export { contractHeader } from './cpp.js'
export { defineContract } from './define.js'
export { descriptorOf, hashOf } from './descriptor.js'
export type { Action, Contract, Event, NormalField, NormalResult } from './model.js'
export type {
  ActionName,
  ArgsOf,
  CallArguments,
  ContractDefinition,
  EventName,
  EventOf,
  Field,
  Fields,
  PlainEventName,
  ReliableEventName,
  ResultOf,
} from './types.js'
export { type Decoded, decodeFields, decodeResult, encodeFields, encodeResult } from './validate.js'
