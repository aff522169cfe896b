export type { DeviceHandler, HandlerContext } from './device/calls.js'
export {
  createDeviceSession,
  type DeviceCounters,
  type DeviceSession,
  type DeviceSessionOptions,
} from './device/session.js'
export { ApplicationError, CallError, outcomeOfError, RemoteError } from './errors.js'
export { createPort, eventId } from './host/port.js'
export { PORT_DEFAULTS } from './limits.js'
export {
  type CallOptions,
  type CallStream,
  type CastOptions,
  type DeviceInfo,
  type EventMeta,
  type Mailbox,
  type MailboxMessage,
  type MailboxOptions,
  type Port,
  type PortCounters,
  type PortInfo,
  type PortNotice,
  type PortOptions,
  type PortState,
  type RequestContext,
  type RestartDecision,
  type RestartStrategy,
  SEVERITIES,
  type SessionCaller,
  type Severity,
  type StreamCallOptions,
} from './types.js'
