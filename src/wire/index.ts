/** What the wire layer offers to the layers above. */

export { cobsDecode, cobsEncode } from './cobs.js'
export { crc16 } from './crc16.js'
export {
  createDeframer,
  type Deframer,
  type DropReason,
  encodeFrame,
  type FrameEvent,
  frameBytes,
  MAX_CONTENT_BYTES,
} from './frame.js'
export {
  type DeviceHello,
  decodeDeviceHello,
  decodeHostHello,
  encodeDeviceHello,
  encodeHostHello,
  type HostHello,
} from './hello.js'
export { createLineDecoder, type LineDecoder, type LinePart } from './line.js'
export { type BadMessage, type DecodedMessage, decodeMessage, encodeMessage } from './message.js'
export {
  createPacketDecoder,
  encodePacket,
  maxPacketContentBytes,
  type PacketDecoder,
  type PacketEvent,
  type PrefixBytes,
  writePrefix,
} from './packet.js'
export {
  Action,
  type ActionNumber,
  ErrorNumber,
  eventToken,
  Feature,
  FIRST_PROTOCOL_ACTION,
  nextToken,
  PROTOCOL_VERSION,
  tokenDistance,
} from './protocol.js'
export { createValueCodec, type DecodedValue, type ValueCodec, type ValueCodecOptions } from './value.js'
export { type BadValue, DEFAULT_VALUE_LIMITS, type ValueLimits } from './value-scan.js'
