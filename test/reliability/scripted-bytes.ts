/** A UART whose far end is a test: bytes come when it says so, and what is written to it is dropped. */

import type { Connector } from '../../src/index.js'

export function createScriptedBytes(): { readonly connector: Connector; say(bytes: Uint8Array): void } {
  let data: ((bytes: Uint8Array) => void) | undefined
  return {
    connector: {
      name: 'scripted',
      lossless: false,
      async connect(handlers) {
        data = handlers.data
        return {
          write: () => true,
          drained: async () => {},
          async close() {
            data = undefined
            handlers.ended({ kind: 'closed' })
          },
        }
      },
    },
    say: (bytes) => data?.(bytes),
  }
}
