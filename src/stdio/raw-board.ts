/** The board over bare packets: opens the line, opens it anew when it is gone or out of step. */

import type { Clock } from '../clock.js'
import { asPortwireError } from '../errors.js'
import type { Exit } from '../exit.js'
import type { Connector, Link } from '../link/index.js'
import type { PrefixBytes } from '../wire/index.js'
import type { Board, BoardHandlers, OnDrop } from './board.js'
import { badRequest, DISCONNECTED } from './error-reply.js'
import { RETRY } from './limits.js'
import { createRawLine } from './raw-line.js'

export interface RawBoardOptions {
  readonly connector: Connector
  readonly prefixBytes: PrefixBytes
  readonly callTimeoutMs: number
  readonly onDrop: OnDrop
  readonly handlers: BoardHandlers
  readonly clock: Clock
}

type Life =
  | { readonly kind: 'opening' }
  | { readonly kind: 'up'; readonly link: Link }
  | { readonly kind: 'waiting' }
  | { readonly kind: 'over' }

export function startRawBoard(options: RawBoardOptions): Board {
  const { connector, prefixBytes, callTimeoutMs, onDrop, handlers, clock } = options
  let life: Life = { kind: 'opening' }
  let wasUp = false
  let attempt = 0

  const line = createRawLine({
    prefixBytes,
    callTimeoutMs,
    clock,
    outOfStep(detail) {
      if (life.kind !== 'up') return
      lost({ kind: 'protocol', detail }, life.link.close())
    },
  })

  const open = () => {
    life = { kind: 'opening' }
    /** Undefined before and after: a link that is being closed is not listened to. */
    let mine: Life | undefined
    let earlyExit: Exit | undefined
    const handlersOfLink = {
      data(bytes: Uint8Array) {
        if (mine === life) line.receive(bytes)
      },
      ended(exit: Exit) {
        earlyExit = exit
        if (mine === life) lost(exit, Promise.resolve())
      },
    }
    connector.connect(handlersOfLink).then(
      (link) => {
        if (earlyExit) return lost(earlyExit, Promise.resolve())
        mine = life = { kind: 'up', link }
        wasUp = true
        attempt = 0
        line.connect((bytes) => void link.write(bytes))
        handlers.up()
      },
      (cause: unknown) => lost({ kind: 'failed', error: asPortwireError(cause) }, Promise.resolve()),
    )
  }

  /** @param released  the old link has let the tty go */
  const lost = (exit: Exit, released: Promise<void>) => {
    line.drop()
    life = onDrop === 'exit' || !wasUp ? { kind: 'over' } : { kind: 'waiting' }
    handlers.lost(exit)
    if (life.kind === 'over') return
    const again = () => {
      cancel()
      stopWatching()
      if (life.kind === 'waiting') void released.then(open)
    }
    const cancel = clock.after(Math.min(RETRY.maxMs, RETRY.firstMs * 2 ** attempt++), again)
    const stopWatching = connector.onArrival?.(again) ?? (() => {})
  }

  open()
  return {
    async call(request) {
      if (request.length === 0) return badRequest('an empty packet has no action')
      if (onDrop === 'error' && wasUp && life.kind !== 'up') return DISCONNECTED
      return await line.call(request)
    },
    counters: () => line.counters,
  }
}
