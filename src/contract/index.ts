export { contractHeader } from './cpp.js'
export { defineContract } from './define.js'
export { descriptorOf, hashOf } from './descriptor.js'
export type { Action, Contract, Event, NormalArgs, NormalField, NormalResult } from './model.js'
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
