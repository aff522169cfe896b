/** The life of a port, whatever its peer speaks: opens the link, begins one session after the other as the restart strategy
 * says, lets go of each link before the next start, and closes for good. */

import { type Clock, systemClock } from '../../clock.js'
import { type Deferred, deferred } from '../../deferred.js'
import { asPortwireError, PortwireError } from '../../errors.js'
import { describeExit, type Exit } from '../../exit.js'
import type { Connector, Link, LinkHandlers } from '../../link/link.js'
import { RELEASE_TIMEOUT_MS } from '../limits.js'
import type { LifeInfo, PortState, RestartDecision, RestartStrategy } from '../types.js'
import { register } from './all.js'
import { isUnanswered } from './ladder.js'
import { startLater } from './start-later.js'

/** What runs on a link. It says by `over` that it has ended, once: after `end`, after `close`, or by itself. */
export interface LifeSession {
  readonly link: Link
  receive(bytes: Uint8Array): void
  /** The peer reads no more, though its output may still come. */
  inputLost(detail: string): void
  /** The link is over. */
  end(exit: Exit): void
  /** The port is closed; the link is being closed. */
  close(exit: Exit): void
}

/** What runs at the moment; each state has just what it needs. */
type State<S> =
  | { readonly kind: 'opening'; giveUp(exit: Exit): void }
  | { readonly kind: 'handshake' | 'running'; readonly session: S; readonly sinceMs: number }
  | { readonly kind: 'backoff' | 'failed'; cancel(): void }
  | { readonly kind: 'closed'; readonly exit: Exit }

/** What a life has to tell its watchers. */
export type LifeNotice<K extends PortState> =
  | { readonly kind: 'state'; readonly state: K; readonly exit?: Exit; readonly restartInMs?: number }
  | { readonly kind: 'console'; readonly text: string }

export interface LifeOptions<S extends LifeSession, K extends PortState> {
  readonly name: string
  readonly connector: Connector
  readonly restart: RestartStrategy
  /** Opening the link may take so long. */
  readonly openTimeoutMs: number
  /** The owner: when it is aborted the port closes. */
  readonly signal?: AbortSignal | undefined
  readonly clock?: Clock | undefined
  /** The state in which a session begins. From `handshake` it goes on by `run()`. */
  readonly beginsIn: K & ('handshake' | 'running')
  /** Makes a session on a link that is there. */
  begin(link: Link, over: (exit: Exit) => void): S
  /** After a session that ran and the end of which is no more than silence, or after what this began last time: true when a
   * further session shall be begun on the same link. */
  recovers?(exit: Exit, session: S, hasRun: boolean): boolean
  /** The port is opened anew after a silence, at once or at the slow pace. */
  reopens?(rung: 'touch' | 'reopen' | 'failed'): void
  /** It is the present one now, and is told so before its first byte. */
  begun?(session: S): void
  notify(notice: LifeNotice<K>): void
  /** A session, or the try to start one, has ended, and the port has not been closed. */
  ended?(exit: Exit): void
  /** The port is closed for good; its link is being released. */
  closing?(exit: Exit): void
  /** The link is released. */
  closed?(): void
}

export interface Life<S> {
  start(): void
  readonly state: State<S>
  /** The present session, in handshake or running. */
  readonly session: S | undefined
  /** The handshake of the present session is through. */
  run(): void
  /** Ends what runs with the exit `shutdown`, or the pause, and starts anew in its turn. Resolves as `ready` does. */
  restart(): Promise<void>
  /** Ends the session and the port. Idempotent. */
  close(): Promise<Exit>
  /** Resolves when a session runs; rejects when the port closes first. */
  ready(): Promise<void>
  readonly exited: Promise<Exit>
  /** What info() of any port begins with. */
  info(): Omit<LifeInfo, 'watchers'>
}

export function createLife<S extends LifeSession, K extends PortState>(options: LifeOptions<S, K>): Life<S> {
  const { name, connector, signal, clock = systemClock } = options
  let state: State<S> = { kind: 'opening', giveUp() {} }
  let sessions = 0
  let restarts = 0
  let lastExit: Exit | undefined
  let lastLink: Link | undefined
  let lastHeardMs: number | undefined
  /** A silence that is being dealt with on its link: how the session ended, and what is done when nothing helps. */
  let silence: { readonly exit: Exit; readonly decision: RestartDecision } | undefined
  const exited = deferred<Exit>()
  let ready = quietDeferred()
  /** The last link, or the one that is being opened, is gone when it resolves. */
  let released: Promise<unknown> = Promise.resolve()

  const present = (): S | undefined =>
    state.kind === 'handshake' || state.kind === 'running' ? state.session : undefined

  const enter = (next: State<S>, details: { readonly exit?: Exit; readonly restartInMs?: number } = {}) => {
    if (state.kind === 'running') ready = quietDeferred()
    state = next
    options.notify({ kind: 'state', state: next.kind as K, ...details })
  }

  const start = () => {
    let cancelOpening = () => {}
    const giveUp = (exit: Exit) => {
      cancelOpening()
      if (state === opening) sessionOver(exit)
    }
    const opening: State<S> = { kind: 'opening', giveUp }
    enter(opening)
    if (state !== opening) return // a watcher has closed the port
    let session: S | undefined
    const early: ((began: S) => void)[] = []
    /** What the link says before it is handed over waits for that. */
    const tell = (what: (heard: S) => void) => {
      if (session) what(session)
      else early.push(what)
    }
    const handlers: LinkHandlers = {
      data(bytes) {
        lastHeardMs = clock.nowMs()
        if (session) session.receive(bytes)
        else early.push((began) => began.receive(bytes))
      },
      stderr: (text) => options.notify({ kind: 'console', text }),
      inputLost: (detail) => tell((heard) => heard.inputLost(detail)),
      ended: (exit) => tell((heard) => heard.end(exit)),
    }
    const failed = (error: PortwireError) => giveUp({ kind: 'failed', error })
    const opened = (link: Link): void | Promise<void> => {
      cancelOpening()
      if (state !== opening) return link.close() // the port was closed, or has given up waiting, meanwhile
      begin(link, (next) => {
        session = next
      })
      for (const what of early.splice(0)) what(session!)
    }
    const { openTimeoutMs } = options
    cancelOpening = clock.after(openTimeoutMs, () =>
      failed(new PortwireError('PORT_FAILED', `${connector.name} could not be opened in ${openTimeoutMs} ms`)),
    )
    // Also what a connector throws instead of rejecting with comes here.
    const connecting = new Promise<Link>((resolve) => resolve(connector.connect(handlers)))
    release(connecting.then(opened, (cause) => failed(asPortwireError(cause))))
  }

  /** What has to be over before the port may be opened again, or counts as closed. Never rejects, and not for ever. */
  const release = (work: Promise<unknown> | undefined) => {
    if (!work) return
    released = new Promise<void>((resolve) => {
      const cancelBound = clock.after(RELEASE_TIMEOUT_MS, resolve)
      const done = () => {
        cancelBound()
        resolve()
      }
      work.then(done, done)
    })
  }

  /** @param hear told which session the bytes of the link are for
   *  @param exit why the one before ended, where that is to be told */
  const begin = (link: Link, hear: (session: S) => void, exit?: Exit): void => {
    const session = options.begin(link, (exit) => sessionOver(exit, session, hear))
    hear(session)
    sessions += 1
    lastLink = link
    enter({ kind: options.beginsIn, session, sinceMs: clock.nowMs() }, exit ? { exit } : {})
    if (options.beginsIn === 'running') ready.resolve()
    options.begun?.(session)
  }

  /** A session, or the try to start one, has ended. */
  const sessionOver = (over: Exit, session?: S, hear?: (session: S) => void) => {
    // A try to deal with a silence that ends in silence is part of it.
    const before = silence
    silence = undefined
    const still = before && isUnanswered(over) ? before : undefined
    const exit = still?.exit ?? over
    lastExit = exit
    if (state.kind === 'closed') return
    const ranMs = state.kind === 'running' ? clock.nowMs() - state.sinceMs : undefined
    options.ended?.(exit)
    const decision = still?.decision ?? options.restart.next(exit, ranMs ?? 0)
    if (decision.kind === 'stop') return finish(exit, session?.link)
    if (ranMs !== undefined) restarts += 1
    if (session && hear && decision.kind === 'restart' && !decision.freshLink) {
      // The process behind the link has started anew; the link itself is well.
      if (exit.kind === 'reset') return begin(session.link, hear)
      if (exit.kind === 'noise') return begin(session.link, hear, exit)
      if (options.recovers?.(over, session, ranMs !== undefined)) {
        silence = { exit, decision }
        return begin(session.link, hear, exit)
      }
    }
    const closing = session?.link.close()
    const isFailed = decision.kind === 'failed'
    const last = isFailed ? 'failed' : connector.touch ? 'touch' : 'reopen'
    const isSilence = session?.link.control && (exit.kind === 'silent' || (isFailed && isUnanswered(exit)))
    release(isSilence && last === 'touch' ? closing?.then(connector.touch) : closing)
    if (isSilence) options.reopens?.(last)
    pause(isFailed ? 'failed' : 'backoff', decision.inMs, exit)
  }

  /** Starts in `inMs`, or when it is its turn. */
  const pause = (kind: 'backoff' | 'failed', inMs: number, exit?: Exit) => {
    const turn = options.restart.turn
    const cancel = startLater({ clock, connector, inMs, released: () => released, turn, start })
    enter({ kind, cancel }, { ...(exit ? { exit } : {}), restartInMs: inMs })
  }

  const restart = (): Promise<void> => {
    if (state.kind === 'backoff' || state.kind === 'failed') {
      state.cancel()
      pause('backoff', 0)
    } else if (state.kind === 'opening') state.giveUp({ kind: 'shutdown' })
    else present()?.end({ kind: 'shutdown' })
    return ready.promise
  }

  /** The port is closed for good. */
  const finish = (exit: Exit, link: Link | undefined) => {
    signal?.removeEventListener('abort', close)
    enter({ kind: 'closed', exit }, { exit })
    release(link?.close())
    ready.reject(
      exit.kind === 'failed' ? exit.error : new PortwireError('PORT_EXITED', `${name} ${describeExit(exit)}`),
    )
    options.closing?.(exit)
    void released.then(() => {
      options.closed?.()
      unregister()
      exited.resolve(exit)
    })
  }

  const close = (): Promise<Exit> => {
    if (state.kind === 'closed') return exited.promise
    const exit: Exit = { kind: 'closed' }
    if (state.kind === 'backoff' || state.kind === 'failed') state.cancel()
    const session = present()
    finish(exit, session?.link)
    session?.close(exit)
    return exited.promise
  }

  const info = (): Omit<LifeInfo, 'watchers'> => {
    const stream = lastLink?.info?.()
    return {
      name,
      link: connector.name,
      session: sessions,
      restarts,
      ...(lastExit ? { lastExit } : {}),
      ...(lastHeardMs === undefined ? {} : { lastHeardAgoMs: clock.nowMs() - lastHeardMs }),
      ...(stream ? { stream } : {}),
      hasOwner: signal !== undefined,
    }
  }

  const unregister = register(() => {
    const { pid, path } = present()?.link.info?.() ?? {}
    const { kind } = state
    return { name, link: connector.name, state: kind, ...(pid ? { pid } : {}), ...(path ? { path } : {}) }
  })

  return {
    start() {
      if (signal?.aborted) return finish({ kind: 'closed' }, undefined)
      signal?.addEventListener('abort', close, { once: true })
      if (options.restart.turn) pause('backoff', 0)
      else start()
    },
    get state() {
      return state
    },
    get session() {
      return present()
    },
    run() {
      const session = present()
      if (!session) return
      silence = undefined
      enter({ kind: 'running', session, sinceMs: clock.nowMs() })
      ready.resolve()
    },
    restart,
    close,
    ready: () => ready.promise,
    exited: exited.promise,
    info,
  }
}

/** Whoever awaits it sees its rejection; when nobody does, that is no fault. */
function quietDeferred(): Deferred<void> {
  const quiet = deferred<void>()
  quiet.promise.catch(() => {})
  return quiet
}
