/** The Port as a client under `--notify` needs it. */

import type { UntypedPort } from '../gateway/device/untyped-port.js'
import type { CallStream, RequestContext, StreamCallOptions } from '../port/index.js'

export type RequestHandler = (args: unknown, context: RequestContext) => unknown

export interface ClientPort extends Pick<UntypedPort, 'on' | 'consume' | 'watch'> {
  stream(action: string, args: unknown, options?: StreamCallOptions): CallStream<unknown, unknown>
  handle(request: string, handler: RequestHandler): () => void
}
