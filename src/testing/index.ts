/** portwire/testing: boards without hardware, for testing firmware and applications. */

export { type BoardBinding, createBoardBinding } from './avr/binding.js'
export { createUno, type UnoBoard, type UnoOptions } from './avr/board.js'
export { type PtyBoard, startPtyBoard } from './avr/pty.js'
export { greenhouse } from './greenhouse.js'
export { runClimate } from './greenhouse-climate.js'
export {
  type BitErrorOptions,
  type Bursts,
  type Channel,
  type ChannelOptions,
  createChannel,
  createLine,
  createNoise,
  type Line,
  type LineBoard,
  type LineOptions,
  type Noise,
  type NoiseCounters,
  type NoiseOptions,
} from './line/index.js'
export { createMockBoard, type MockBoard, type MockBoardOptions } from './mock-board.js'
export { createMockChip, type MockChip, type MockChipOptions } from './mock-chip.js'
export { createMockGreenhouse } from './mock-greenhouse.js'
export { type NativeBoard, startNative } from './native.js'
export { type Disturb, type QemuBoard, type QemuBoardOptions, startQemuBoard } from './qemu.js'
export { type RealTime, runInRealTime } from './real-time.js'
export { seeded } from './seeded.js'
export { createVirtualClock, type VirtualClock } from './virtual-clock.js'
