/** portwire/testing: boards without hardware, for testing firmware and applications. */

export { type BoardBinding, createBoardBinding } from './avr/binding.js'
export { createUno, type UnoBoard, type UnoOptions } from './avr/board.js'
export { type PtyBoard, startPtyBoard } from './avr/pty.js'
export { greenhouse } from './greenhouse.js'
export { runClimate } from './greenhouse-climate.js'
export { createMockBoard, type MockBoard, type MockBoardOptions } from './mock-board.js'
export { createMockGreenhouse } from './mock-greenhouse.js'
export { type NativeBoard, startNative } from './native.js'
export { type RealTime, runInRealTime } from './real-time.js'
export { createVirtualClock, type VirtualClock } from './virtual-clock.js'
