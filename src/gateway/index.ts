export type { RequestHandler } from './bridge/requests.js'
export type { BrokerInfo } from './broker/broker.js'
export { aclOf } from './broker/mosquitto-acl.js'
export { hashPassword } from './broker/password-hash.js'
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
export type { DeviceConfig, DeviceTarget, EventServerConfig } from './device/config.js'
export type { DeviceRow } from './device/row.js'
export { decodeMsgpack, isMsgpack } from './encoding.js'
export { type Gateway, type GatewayOptions, startGateway } from './gateway.js'
export { LIMITS } from './limits.js'
export { LOG_LEVELS, type Log, type LogLevel } from './log.js'
export { ConnectError } from './mqtt/connect-error.js'
export { type Connection, connectToBroker } from './mqtt/connection.js'
export type { Inbound, Publication } from './mqtt/publication.js'
export { SubscriptionRefusedError } from './mqtt/subscribe.js'
export { isBrokerUrl } from './mqtt/url.js'
export { OUTBOX_DEFAULTS, type OutboxConfig } from './outbox/config.js'
export type { OutboxAlarm, OutboxInfo } from './outbox/types.js'
export { argsFromJson, resultToJson } from './payload.js'
export { printable, printableJson, shownName } from './printable.js'
export { BASE_TOPIC, createTopics, NAME, type Topics } from './topics.js'
