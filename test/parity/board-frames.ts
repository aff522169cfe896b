/** What a frame on the line of a board says, for tests that lose just this or that one. */

import { createDeframer } from '../../src/wire/index.js'

/** The action of the whole frame that `bytes` are; undefined: they are none. */
export function actionOfFrame(bytes: Uint8Array): number | undefined {
  for (const event of createDeframer({ maxContentBytes: 65_535 }).push(bytes)) {
    if (event.kind === 'content') return event.bytes[0]
  }
  return undefined
}

/** A line that swallows those frames of the board that `isLost` says. */
export function losing(isLost: (action: number) => boolean) {
  return (bytes: Uint8Array, direction: 'to-device' | 'to-host'): Uint8Array => {
    const action = direction === 'to-host' ? actionOfFrame(bytes) : undefined
    return action !== undefined && isLost(action) ? new Uint8Array(0) : bytes
  }
}
