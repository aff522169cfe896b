export type { Board, BoardHandlers, OnDrop } from './board.js'
export { type Bridge, createBridge } from './bridge.js'
export { createStdioSerial } from './serial.js'
