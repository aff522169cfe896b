/** The Port for code that knows the contract only at run time: names and values are not in its types, but are checked all the same. */

import type { Exit } from '../../exit.js'
import type { CallOptions, ConsumeOptions, EventMeta, PortInfo, PortNotice } from '../../port/types.js'

export interface UntypedPort {
  call(action: string, args: Record<string, unknown>, options?: CallOptions): Promise<unknown>
  on(event: string, listener: (value: unknown, meta: EventMeta) => void): () => void
  consume(
    event: string,
    consumer: (value: unknown, meta: EventMeta) => void | Promise<void>,
    options?: ConsumeOptions,
  ): () => void
  watch(listener: (notice: PortNotice) => void): () => void
  ready(): Promise<void>
  /** Ends the process at the other end, or resets the board. @throws PORT_EXITED  nothing runs */
  kill(): Promise<Exit>
  close(): Promise<Exit>
  info(): PortInfo
}
