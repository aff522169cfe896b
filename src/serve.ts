/** serve: turns a Node program into a port program (over stdin and stdout) or a virtual board (over TCP or WebSocket). */

import type { Clock, Random } from './clock.js'
import type {
  ActionName,
  ArgsOf,
  Contract,
  ContractDefinition,
  EventName,
  EventOf,
  NoFields,
  RequestArgsOf,
  RequestName,
  RequestResultOf,
  ResultOf,
} from './contract/index.js'
import { PortwireError } from './errors.js'
import {
  type Link,
  type LinkHandlers,
  type LinkServer,
  listenTcp,
  listenWebSocket,
  parseHostPort,
  type StdioOptions,
  stdioConnector,
} from './link/index.js'
import type { HandlerContext, Severity } from './port/index.js'
import { type Connection, createConnection } from './serve-connection.js'

/** One handler an action. It returns the result or a promise of it; an ApplicationError that it throws is the answer. */
export type ServeHandlers<C> = {
  readonly [N in ActionName<C>]: (
    args: ArgsOf<C, N>,
    context: ServeContext<C>,
  ) => ResultOf<C, N> | PromiseLike<ResultOf<C, N>>
}

/** The host at the other end of a connection. */
export interface ServePeer<C = ContractDefinition> {
  /** Asks it. Await it only in an async handler: its answer comes after the handler has returned. */
  ask<N extends RequestName<C>>(
    request: N,
    args?: RequestArgsOf<C, N>,
    deadlineMs?: number,
  ): Promise<RequestResultOf<C, N>>
  /** Ends what it sees as the device: see `Server.exit`, which does so for all. What runs is not waited for.
   * @throws ARGUMENT_INVALID  a status that is not 0 to 255 */
  exit(status: number): void
}

export interface ServeContext<C = ContractDefinition> extends HandlerContext, ServePeer<C> {}

export interface ServeOptions<C = ContractDefinition> {
  /** Serve over this process's stdin and stdout (or descriptors 3 and 4: `{ useStdio: false }`). Default: true unless `tcp`
   * or `websocket` is given. */
  readonly stdio?: boolean | Pick<StdioOptions, 'useStdio'>
  /** The process ends when its stdin does, with status 0, or 1 and a line on stderr when the stream was broken (cut inside a
   * packet, or one announced that is too long); so a port program never outlives its host. Default true. */
  readonly exitWithInput?: boolean
  /** Where to listen: `127.0.0.1:4001`; port 0 takes any that is free. Who can connect can call: there is no password. */
  readonly tcp?: string
  /** `ws://127.0.0.1:4002/path`. */
  readonly websocket?: string
  /** Web pages that may connect by WebSocket, `https://host`. Default none. */
  readonly origins?: readonly string[]
  /** Connections at the same time, of each kind, from 1 on. Default 64. */
  readonly maxConnections?: number
  /** The host calls no more: it has said END_OF_INPUT, or closed its half of the stream. Called once a connection. Events and
   * answers still go out; the connection leaves when this has returned (or its promise has settled) and no handler runs any
   * more: with EXIT 0, or over stdio with the process. `exit` says another status. */
  readonly onEndOfInput?: (host: ServePeer<C>) => void | PromiseLike<void>
  /** The host asked for a restart: what it has set is to be put back. A new boot is announced when this has returned, or its
   * promise has resolved; if it fails, the connection ends. `exit` ends it in place of the restart. Handlers that still run
   * have been told by their signal. */
  readonly onReset?: (host: ServePeer<C>) => void | PromiseLike<void>
  /** Told to hosts in the hello. Default empty. */
  readonly firmwareVersion?: string
  readonly clock?: Clock
  readonly random?: Random
}

export interface Server<C = ContractDefinition> {
  /** Sends an event to all connections. @returns how many took it: a plain event is for those who listen and read, a
   * reliable one is refused by a connection whose queue is full
   * @throws ARGUMENT_INVALID */
  emit<N extends EventName<C>>(event: N, ...fields: EventFields<C, N>): number
  log(severity: Severity, text: string): void
  /** Ends this program for its hosts: EXIT with this status goes out as the last of the events, and each connection closes when
   * its host has acknowledged it (which may have to finish with earlier events first), at the latest after 5 s. Nothing is
   * listened for any more; over stdio the process ends with the status, unless `exitWithInput` is false.
   * @throws ARGUMENT_INVALID  a status that is not 0 to 255 */
  exit(status: number): Promise<void>
  /** Ends all connections and stops listening; idempotent. */
  close(): Promise<void>
  /** Where it listens, as `open` takes it. */
  readonly addresses: { readonly tcp?: string; readonly websocket?: string }
  readonly connections: number
  /** Plain events that were not sent to a connection because it did not read. */
  readonly eventsSkipped: number
}

type EventFields<C, N extends EventName<C>> = keyof EventOf<C, N> extends never
  ? [fields?: NoFields<N>]
  : [fields: EventOf<C, N>]

export const SERVE_LIMITS = {
  window: 16,
  /** Of each connection. */
  keptEvents: 256,
  contentBytes: 65_535,
  /** A host that sends and does not read is cut off when so much waits for it. */
  queuedBytes: 4_194_304,
  /** Handlers that still run when stdin ends may answer for so long; a port program must be gone within 200 ms. */
  stdioLeaveMs: 100,
  /** The same for a network connection whose host has closed its half. */
  socketLeaveMs: 5_000,
  /** For the host to acknowledge EXIT. */
  exitMs: 5_000,
} as const

/** Serves a contract. Every connection is a boot of its own: it says hello, has its own tokens, events and jobs, and does not
 * disturb the others.
 * @param handlers  shared by all connections
 * @throws ARGUMENT_INVALID  a handler is missing or names no action, an address is none, or maxConnections no number from 1 on
 * @throws PORT_BUSY, PERMISSION_DENIED, PORT_FAILED  an address cannot be listened at */
export async function serve<C extends ContractDefinition>(
  contract: Contract<C>,
  handlers: ServeHandlers<C>,
  options: ServeOptions<C> = {},
): Promise<Server<C>> {
  const shared = contract as unknown as Contract
  if (shared.protocol === 'action') {
    throw new PortwireError('ARGUMENT_INVALID', `${shared.name}: a contract for protocol 'action' cannot be served`)
  }
  checkHandlers(shared, handlers)
  const { tcp, websocket, maxConnections, origins, exitWithInput = true } = options
  const { stdio = tcp === undefined && websocket === undefined } = options
  if (maxConnections !== undefined && !(Number.isSafeInteger(maxConnections) && maxConnections >= 1)) {
    throw new PortwireError('ARGUMENT_INVALID', `maxConnections: ${maxConnections} is not a whole number from 1 on`)
  }
  const limit = maxConnections === undefined ? {} : { maxConnections }
  const connections = new Set<Connection>()
  const servers: LinkServer[] = []
  const addresses: { tcp?: string; websocket?: string } = {}
  let eventsSkipped = 0
  let closing: Promise<void> | undefined

  /** @param over  of the connection of this process's own stdio */
  const accept = (link: Link, over?: (status: number | undefined) => void): LinkHandlers => {
    const connection = createConnection({
      contract: shared,
      handlers: handlers as never,
      options: options as object,
      link,
      limits: SERVE_LIMITS,
      leaveMs: over ? SERVE_LIMITS.stdioLeaveMs : SERVE_LIMITS.socketLeaveMs,
      exitsWithInput: over === undefined,
      fault(problem, error) {
        if (over) process.stderr.write(`${contract.name}: ${problem}\n`)
        else if (error !== undefined) uncaught(error)
      },
      skipped: () => {
        eventsSkipped += 1
      },
      over(status) {
        connections.delete(connection)
        over?.(status)
      },
    })
    connections.add(connection)
    return connection.handlers
  }
  const close = (): Promise<void> => {
    closing ??= Promise.all([
      ...servers.map((server) => server.close()),
      ...[...connections].map((connection) => connection.close()),
    ]).then(() => {})
    return closing
  }
  const onLink = (link: Link) => accept(link)
  try {
    if (tcp !== undefined) {
      servers.push(await listenTcp({ ...parseHostPort(tcp), ...limit }, onLink))
      addresses.tcp = servers.at(-1)!.address
    }
    if (websocket !== undefined) {
      servers.push(await listenWebSocket({ ...parseUrl(websocket), ...limit, ...(origins ? { origins } : {}) }, onLink))
      addresses.websocket = servers.at(-1)!.address
    }
    if (stdio) {
      let owner: LinkHandlers
      const link = await stdioConnector(stdio === true ? {} : stdio).connect({
        data: (bytes) => owner.data(bytes),
        inputEnded: () => owner.inputEnded!(),
        ended: (exit) => owner.ended(exit),
      })
      owner = accept(link, (status) => {
        if (exitWithInput && !closing) process.exit(status)
      })
    }
  } catch (error) {
    await close()
    throw error
  }
  return {
    addresses,
    get connections() {
      return connections.size
    },
    get eventsSkipped() {
      return eventsSkipped
    },
    emit(event, ...fields) {
      if (!shared.events.has(event)) {
        throw new PortwireError('ARGUMENT_INVALID', `${contract.name} has no event ${event}`)
      }
      let taken = 0
      for (const connection of connections) if (connection.emit(event, fields[0])) taken += 1
      return taken
    },
    log(severity, text) {
      for (const connection of connections) connection.log(severity, text)
    },
    async exit(status) {
      checkStatus(status) // also when nobody is connected who would
      await Promise.all([...connections].map((connection) => connection.exit(status)))
      await close()
    },
    close,
  }
}

function checkStatus(status: number): void {
  if (Number.isInteger(status) && status >= 0 && status <= 255) return
  throw new PortwireError('ARGUMENT_INVALID', `exit: ${status} is not a status from 0 to 255`)
}

/** What a hook throws is its author's to see, as any uncaught error is; the other connections go on until then. */
function uncaught(error: unknown): void {
  queueMicrotask(() => {
    throw error
  })
}

function checkHandlers(contract: Contract, handlers: object): void {
  for (const [name, handler] of Object.entries(handlers)) {
    if (!contract.actions.has(name)) {
      throw new PortwireError('ARGUMENT_INVALID', `handlers.${name}: ${contract.name} has no such action`)
    }
    if (typeof handler !== 'function') {
      throw new PortwireError('ARGUMENT_INVALID', `handlers.${name} is not a function`)
    }
  }
  const missing = [...contract.actions.keys()].filter((name) => !Object.hasOwn(handlers, name))
  if (missing.length > 0) {
    throw new PortwireError('ARGUMENT_INVALID', `handlers: there is none for ${missing.join(', ')}`)
  }
}

/** @param text `ws://127.0.0.1:4002/path` */
function parseUrl(text: string): { host: string; port: number; path: string } {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url?.protocol !== 'ws:') {
    throw new PortwireError('ARGUMENT_INVALID', `websocket: '${text}' is no address to listen at`, {
      hint: 'Write ws://127.0.0.1:4002/path; for wss:// put a TLS proxy in front.',
    })
  }
  return { host: url.hostname.replace(/^\[|\]$/g, ''), port: Number(url.port || 80), path: url.pathname }
}
