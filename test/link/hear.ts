/** Opens a link and gathers all that it says. */

import { deferred } from '../../src/deferred.js'
import type { Exit } from '../../src/exit.js'
import type { Connector } from '../../src/link/index.js'

export async function hear(connector: Connector) {
  const exit = deferred<Exit>()
  const chunks: Uint8Array[] = []
  const waiting: { text: string; done: () => void }[] = []
  const bytes = () => Buffer.concat(chunks)
  const look = () => {
    for (const { text, done } of waiting) if (bytes().includes(text)) done()
  }
  const link = await connector.connect({
    data(chunk) {
      chunks.push(chunk)
      if (waiting.length > 0) look()
    },
    ended: exit.resolve,
  })
  return {
    link,
    exit: exit.promise,
    bytes,
    output: () => bytes().toString(),
    /** Resolves once `text` has come. */
    saying: (text: string) =>
      new Promise<void>((done) => {
        waiting.push({ text, done })
        look()
      }),
  }
}
