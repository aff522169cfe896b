/** The board over the portwire protocol: a call of action n is a call of action n. */

import type { Clock } from '../clock.js'
import type { Contract } from '../contract/index.js'
import type { UntypedPort } from '../gateway/device/untyped-port.js'
import type { Connector } from '../link/index.js'
import { createPort } from '../open.js'
import { createValueCodec, FIRST_PROTOCOL_ACTION } from '../wire/index.js'
import { anyActionName, createAnyContract } from './any-contract.js'
import type { Board, BoardHandlers, OnDrop } from './board.js'
import type { ClientPort } from './client-port.js'
import { badRequest, DISCONNECTED, type ErrorReply, errorReply, unknownAction } from './error-reply.js'
import { RETRY } from './limits.js'

export interface LinkBoardOptions {
  readonly connector: Connector
  /** The board's, where it is known: another one is refused. Without it numbers are all that is known. */
  readonly contract?: Contract
  readonly callTimeoutMs: number
  readonly readyTimeoutMs: number
  readonly onDrop: OnDrop
  readonly handlers: BoardHandlers
  readonly clock: Clock
}

export interface LinkBoard extends Board {
  readonly port: ClientPort
}

export function startLinkBoard(options: LinkBoardOptions): LinkBoard {
  const { connector, contract, callTimeoutMs, readyTimeoutMs, onDrop, handlers, clock } = options
  const codec = createValueCodec()
  const port = createPort(createAnyContract(contract), {
    link: connector,
    name: 'board',
    clock,
    callTimeoutMs,
    readyTimeoutMs,
    contractMismatch: contract ? 'error' : 'warn',
    restart: onDrop === 'exit' ? { type: 'temporary' } : { ...RETRY, intensity: Number.MAX_SAFE_INTEGER },
  }) as unknown as UntypedPort & ClientPort
  let wasUp = false
  let isUp = false

  port.watch((notice) => {
    switch (notice.kind) {
      case 'state':
        isUp = notice.state === 'running'
        if (isUp) {
          wasUp = true
          handlers.up()
        } else if (notice.exit) {
          handlers.lost(notice.exit)
        }
        return
      case 'log':
        return handlers.said(`${notice.severity}: ${notice.text}`)
      case 'console':
        return handlers.said(notice.text)
      case 'refused':
        return handlers.note(notice.problem)
    }
  })

  async function call(action: number, value: unknown): Promise<Uint8Array | ErrorReply> {
    try {
      return codec.encode(await port.call(anyActionName(action), value as Record<string, unknown>))
    } catch (error) {
      return errorReply(error)
    }
  }

  return {
    port,
    async call(request) {
      const action = request[0]
      if (action === undefined) return badRequest('an empty packet has no action')
      if (action >= FIRST_PROTOCOL_ACTION) return unknownAction(action)
      const value = request.length === 1 ? ({ ok: true, value: undefined } as const) : codec.decode(request, 1)
      if (!value.ok) return badRequest(value.reason)
      // Before the first hello calls wait for it: opening the port may have reset the board.
      if (onDrop === 'error' && wasUp && !isUp) return DISCONNECTED
      return await call(action, value.value)
    },
    counters() {
      const { lateReplies, messagesRefused } = port.info().counters
      return { lateReplies, refused: messagesRefused }
    },
  }
}
