/** The rule that no first transmission overruns the device's ring: which frames were first copies, and which were cut. */

import type { Connector } from '../../src/index.js'
import { Action, createDeframer } from '../../src/wire/index.js'
import type { Ledger } from './ledger.js'

export interface OverrunWatch {
  /** The same connector, its writes seen. */
  watch(connector: Connector): Connector
  /** A run of bytes that did not all find room. */
  overrun(run: Uint8Array): void
}

/** What may be sent though it may not fit: TICK, which asks for room, HELLO, which begins the count anew, and SKIP, which is a
 * further copy of the call that it stands for. */
const EXEMPT: ReadonlySet<number> = new Set([Action.TICK, Action.HELLO, Action.SKIP])
const MAX_CONTENT_BYTES = 512

export function watchFirstCopies(ledger: Pick<Ledger, 'violation'>): OverrunWatch {
  /** Copies of each content since the last HELLO. */
  let copies = new Map<string, number>()
  const contentsOf = (bytes: Uint8Array) =>
    createDeframer({ maxContentBytes: MAX_CONTENT_BYTES })
      .push(bytes)
      .flatMap((event) => (event.kind === 'content' ? [event.bytes.slice()] : []))
  return {
    watch: (connector) => ({
      ...connector,
      async connect(handlers) {
        const link = await connector.connect(handlers)
        return {
          ...link,
          write(bytes) {
            for (const content of contentsOf(bytes)) {
              if (content[0] === Action.HELLO) copies = new Map()
              const key = content.join()
              copies.set(key, (copies.get(key) ?? 0) + 1)
            }
            return link.write(bytes)
          },
        }
      },
    }),
    overrun(run) {
      for (const content of contentsOf(run)) {
        const [action = 0, token] = content
        const isFirst = copies.get(content.join()) === 1
        if (isFirst && !EXEMPT.has(action)) {
          ledger.violation(`the first copy of action 0x${action.toString(16)}, token ${token}, overran the ring`)
        }
      }
    },
  }
}
