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
  type ItemOf,
  type PlainEventName,
  type ReliableEventName,
  type RequestName,
  type ResultOf,
  type StreamName,
} from './contract/index.js'
export { ERRORS, type ErrorCode, type Outcome, PortwireError } from './errors.js'
export {
  createEventFeed,
  type EventAddress,
  type EventDrop,
  type EventFeed,
  type EventServer,
  type EventServerCounters,
  type EventServerOptions,
  startEventServer,
} from './event-server/index.js'
export { describeExit, type Exit, type ResetCause } from './exit.js'
export {
  type Connector,
  type LineLevels,
  type Link,
  type LinkHandlers,
  type LinkInfo,
  listenTcp,
  listenWebSocket,
  listSerialDevices,
  type SerialBinding,
  type SerialDevice,
  type SerialIdentity,
} from './link/index.js'
export { createPort, type OpenOptions, open, type Target } from './open.js'
export {
  type DescribedArgs,
  type DescribedPort,
  type OpenDescribedOptions,
  openDescribed,
} from './open-described.js'
export type { ActionOptions } from './port/host/action-protocol.js'
export {
  ApplicationError,
  all,
  CallError,
  type CallOptions,
  type CallStream,
  type CastOptions,
  type CloseOptions,
  type ConsumeOptions,
  type DeviceInfo,
  type DeviceStats,
  type EventMeta,
  type Mailbox,
  type MailboxMessage,
  type MailboxOptions,
  type OpenPort,
  type PingOptions,
  type Port,
  type PortCounters,
  type PortInfo,
  type PortNotice,
  type PortState,
  type RecoveryRung,
  RemoteError,
  type RequestContext,
  type SessionCaller,
  type Severity,
  type StreamCallOptions,
} from './port/index.js'
export {
  type LinePart,
  type OpenRawOptions,
  openRaw,
  type PacketMode,
  type RawNotice,
  type RawPacket,
  type RawPort,
  type RawPortInfo,
  type RawWriteOptions,
} from './raw.js'
export {
  type ServeContext,
  type ServeHandlers,
  type ServeOptions,
  type ServePeer,
  type Server,
  serve,
} from './serve.js'
export {
  type Child,
  type ChildOptions,
  type ChildRestartOptions,
  child,
  type Group,
  type GroupState,
  type GroupStrategy,
  type SuperviseOptions,
  supervise,
} from './supervise.js'
export type { RestartOptions, RestartType } from './supervision/index.js'
