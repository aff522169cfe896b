/** openDescribed: a port for a board whose contract nobody has at hand. The board tells it. */

import { type Contract, createUnknownContract } from './contract/index.js'
import { PortwireError } from './errors.js'
import { firstStart } from './first-start.js'
import { createPort, type OpenOptions } from './open.js'
import type {
  CallOptions,
  CallStream,
  CastOptions,
  ConsumeOptions,
  EventMeta,
  Port,
  PortOptions,
  RequestContext,
  StreamCallOptions,
} from './port/index.js'
import type { RestartOptions } from './supervision/index.js'
import type { Target } from './target.js'

/** Named arguments, by the contract that the device has told: they are checked when they are given, not by the compiler. */
export type DescribedArgs = Readonly<Record<string, unknown>>

/** A Port whose names are known only at run time. `contract` has them, with their types and numbers. */
export interface DescribedPort
  extends Pick<
    Port,
    | 'name'
    | 'closeInput'
    | 'kill'
    | 'restart'
    | 'ping'
    | 'deviceStats'
    | 'drained'
    | 'watch'
    | 'ready'
    | 'close'
    | 'exited'
    | 'info'
    | typeof Symbol.asyncDispose
  > {
  /** As the device told it: no docs, units and ranges, and no action counts as idempotent. */
  readonly contract: Contract
  /** @throws what Port.call throws */
  call(action: string, args?: DescribedArgs, options?: CallOptions): Promise<unknown>
  cast(action: string, args?: DescribedArgs, options?: CastOptions): boolean
  stream(action: string, args?: DescribedArgs, options?: StreamCallOptions): CallStream<unknown, unknown>
  handle(request: string, handler: (args: unknown, context: RequestContext) => unknown): () => void
  on(event: string, listener: (value: unknown, meta: EventMeta) => void): () => void
  consume(
    event: string,
    consumer: (value: unknown, meta: EventMeta) => void | Promise<void>,
    options?: ConsumeOptions,
  ): () => void
}

export type OpenDescribedOptions = Target &
  Omit<PortOptions, 'contractMismatch' | 'onStart' | 'protocol' | 'restart'> & { readonly restart?: RestartOptions }

/** Opens a port and asks the device for its contract (DESCRIBE). Resolves as `open` does. The contract stays: a device that has
 * another one after a restart ends with CONTRACT_MISMATCH.
 * @throws what open throws; CONTRACT_MISMATCH also where the device was built without DESCRIBE, or tells a contract that is none */
export async function openDescribed(options: OpenDescribedOptions): Promise<DescribedPort> {
  if ((options as OpenOptions).protocol === 'action') {
    throw new PortwireError(
      'ARGUMENT_INVALID',
      "openDescribed: protocol 'action' has no message that asks for a contract",
    )
  }
  const contract = createUnknownContract()
  const port = await firstStart(createPort(contract, { name: 'device', ...options } as OpenOptions))
  return Object.assign(port as unknown as Omit<DescribedPort, 'contract'>, { contract })
}
