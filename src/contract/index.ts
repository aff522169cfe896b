export { contractHeader } from './cpp.js'
export {
  type Action,
  type Contract,
  defineContract,
  type Event,
  type NormalField,
  type NormalResult,
} from './define.js'
export { descriptorOf, hashOf } from './descriptor.js'
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
