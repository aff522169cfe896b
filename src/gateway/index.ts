export type { RequestHandler } from './bridge-requests.js'
export type { BrokerInfo } from './broker.js'
export { isBrokerUrl } from './broker-url.js'
export { effectiveConfig } from './config/effective.js'
export { brokerCredentials, type Environment } from './config/environment.js'
export { configJsonSchema } from './config/schema.js'
export {
  type GatewayConfig,
  loadConfig,
  MQTT_DEFAULTS,
  type MqttConfig,
  parseConfig,
  type ServerConfig,
} from './config.js'
export type { DeviceRow } from './device.js'
export type { DeviceConfig, DeviceTarget, EventServerConfig } from './device-config.js'
export { decodeMsgpack, isMsgpack } from './encoding.js'
export { type Gateway, type GatewayOptions, startGateway } from './gateway.js'
export { LIMITS } from './limits.js'
export { LOG_LEVELS, type Log, type LogLevel } from './log.js'
export { aclOf } from './mosquitto-acl.js'
export { ConnectError, type Connection, connectToBroker } from './mqtt-connection.js'
export type { OutboxAlarm, OutboxInfo } from './outbox/types.js'
export { OUTBOX_DEFAULTS, type OutboxConfig } from './outbox-config.js'
export { hashPassword } from './password-hash.js'
export { argsFromJson, resultToJson } from './payload.js'
export { printable, printableJson, shownName } from './printable.js'
export type { Inbound, Publication } from './publication.js'
export { BASE_TOPIC, createTopics, NAME, type Topics } from './topics.js'
