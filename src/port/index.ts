export type { DeviceHandler, HandlerContext } from './device/calls.js'
export {
  createDeviceSession,
  type DeviceCounters,
  type DeviceSession,
  type DeviceSessionOptions,
} from './device/session.js'
export { ApplicationError, CallError, outcomeOfError, RemoteError } from './errors.js'
export { all, type OpenPort } from './host/all.js'
export { createPort } from './host/port.js'
export { eventId } from './host/port-session.js'
export { PORT_DEFAULTS } from './limits.js'
export {
  type CallOptions,
  type CallStream,
  type CastOptions,
  type CloseOptions,
  type ConsumeOptions,
  type DeviceInfo,
  type DeviceStats,
  type EventMeta,
  type LifeInfo,
  type Mailbox,
  type MailboxMessage,
  type MailboxOptions,
  type PingOptions,
  type Port,
  type PortCounters,
  type PortInfo,
  type PortNotice,
  type PortOptions,
  type PortState,
  type RecoveryRung,
  type RequestContext,
  type RestartDecision,
  type RestartStrategy,
  SEVERITIES,
  type SessionCaller,
  type Severity,
  type StreamCallOptions,
} from './types.js'
