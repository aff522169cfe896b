export {
  ApplicationError,
  createDeviceSession,
  type DeviceCounters,
  type DeviceHandler,
  type DeviceSession,
  type DeviceSessionOptions,
} from './device-session.js'
export { CallError, outcomeOfError, RemoteError } from './errors.js'
export { PORT_DEFAULTS } from './limits.js'
export { createPort, eventId } from './port.js'
export {
  type CallOptions,
  type CastOptions,
  type DeviceInfo,
  type EventMeta,
  type Port,
  type PortCounters,
  type PortInfo,
  type PortNotice,
  type PortOptions,
  type PortState,
  type RestartDecision,
  type RestartStrategy,
  SEVERITIES,
  type SessionCaller,
  type Severity,
} from './types.js'
