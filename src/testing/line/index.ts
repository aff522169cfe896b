/** A UART line in virtual time that fails on purpose. */

export type { BitErrorOptions, Bursts } from './bit-errors.js'
export { type Channel, type ChannelOptions, createChannel } from './channel.js'
export { createLine, type Line, type LineBoard, type LineOptions } from './line.js'
export { createNoise, type Noise, type NoiseCounters, type NoiseOptions } from './noise.js'
