/** portwire: treat a microcontroller like a process. */

export { type Clock, type Random, systemClock } from './clock.js'
export {
  type ActionName,
  type ArgsOf,
  type Contract,
  type ContractDefinition,
  defineContract,
  type EventName,
  type EventOf,
  type Field,
  type Fields,
  type PlainEventName,
  type ReliableEventName,
  type ResultOf,
} from './contract/index.js'
export { ERRORS, type ErrorCode, type Outcome, PortwireError } from './errors.js'
export { describeExit, type Exit, type ResetCause } from './exit.js'
export type { Connector, Link, LinkHandlers, SerialBinding } from './link/index.js'
export { createPort, type OpenOptions, open, type Target } from './open.js'
export {
  CallError,
  type CallOptions,
  type CastOptions,
  type DeviceInfo,
  type EventMeta,
  type Port,
  type PortCounters,
  type PortInfo,
  type PortNotice,
  type PortState,
  RemoteError,
  type SessionCaller,
  type Severity,
} from './port/index.js'
export type { RestartOptions, RestartType } from './supervision/index.js'
