/** serve: turns a Node program into a port program (over stdin and stdout) or a virtual board (over TCP or WebSocket). */

import { type Clock, type Random, systemClock } from './clock.js'
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
import { isThenable } from './deferred.js'
import { PortwireError } from './errors.js'
import { RESET_CAUSES } from './exit.js'
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
import {
  createDeviceSession,
  type DeviceHandler,
  type DeviceSession,
  type HandlerContext,
  type Severity,
} from './port/index.js'
import { createPacketDecoder, createValueCodec, encodePacket } from './wire/index.js'

/** One handler an action. It returns the result or a promise of it; an ApplicationError that it throws is the answer. */
export type ServeHandlers<C> = {
  readonly [N in ActionName<C>]: (
    args: ArgsOf<C, N>,
    context: ServeContext<C>,
  ) => ResultOf<C, N> | PromiseLike<ResultOf<C, N>>
}

export interface ServeContext<C = ContractDefinition> extends HandlerContext {
  /** Asks the host that made the call. Await it only in an async handler: its answer comes after the handler has returned. */
  ask<N extends RequestName<C>>(
    request: N,
    args?: RequestArgsOf<C, N>,
    deadlineMs?: number,
  ): Promise<RequestResultOf<C, N>>
}

export interface ServeOptions {
  /** Serve over this process's stdin and stdout (or descriptors 3 and 4: `{ useStdio: false }`). Default: true unless `tcp`
   * or `websocket` is given. */
  readonly stdio?: boolean | Pick<StdioOptions, 'useStdio'>
  /** The process ends, with status 0, when its stdin does; so a port program never outlives its host. Default true. */
  readonly exitWithInput?: boolean
  /** Where to listen: `127.0.0.1:4001`; port 0 takes any that is free. Who can connect can call: there is no password. */
  readonly tcp?: string
  /** `ws://127.0.0.1:4002/path`. */
  readonly websocket?: string
  /** Web pages that may connect by WebSocket, `https://host`. Default none. */
  readonly origins?: readonly string[]
  /** Connections at the same time, of each kind. Default 64. */
  readonly maxConnections?: number
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
} as const

/** Serves a contract. Every connection is a boot of its own: it says hello, has its own tokens, events and jobs, and does not
 * disturb the others.
 * @param handlers  shared by all connections
 * @throws ARGUMENT_INVALID  a handler is missing or names no action, or an address is none
 * @throws PORT_BUSY, PERMISSION_DENIED, PORT_FAILED  an address cannot be listened at */
export async function serve<C extends ContractDefinition>(
  contract: Contract<C>,
  handlers: ServeHandlers<C>,
  options: ServeOptions = {},
): Promise<Server<C>> {
  const shared = contract as unknown as Contract
  checkHandlers(shared, handlers)
  const { tcp, websocket, maxConnections, origins, exitWithInput = true } = options
  const { stdio = tcp === undefined && websocket === undefined } = options
  const limit = maxConnections === undefined ? {} : { maxConnections }
  const connections = new Set<Connection>()
  const servers: LinkServer[] = []
  const addresses: { tcp?: string; websocket?: string } = {}
  let eventsSkipped = 0
  let closing: Promise<void> | undefined

  const accept = (link: Link, leaveMs: number, over = () => {}): LinkHandlers => {
    const connection = createConnection({
      contract: shared,
      handlers: handlers as never,
      options,
      link,
      leaveMs,
      skipped: () => {
        eventsSkipped += 1
      },
      over() {
        connections.delete(connection)
        over()
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
  const onLink = (link: Link) => accept(link, SERVE_LIMITS.socketLeaveMs)
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
      owner = accept(link, SERVE_LIMITS.stdioLeaveMs, () => {
        if (exitWithInput && !closing) process.exit()
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
    close,
  }
}

interface Connection {
  readonly handlers: LinkHandlers
  emit(event: string, fields: unknown): boolean
  log(severity: Severity, text: string): void
  close(): Promise<void>
}

interface ConnectionOptions {
  readonly contract: Contract
  readonly handlers: { readonly [action: string]: (args: Record<string, unknown>, context: ServeContext) => unknown }
  readonly options: ServeOptions
  readonly link: Link
  /** For handlers that still run when the host sends no more. */
  readonly leaveMs: number
  readonly over: () => void
  readonly skipped: () => void
}

/** One host: bare packets on its link, and the boot that it sees. It has said hello when this returns. */
function createConnection(setup: ConnectionOptions): Connection {
  const { contract, link, leaveMs, over, skipped } = setup
  const { clock = systemClock, random = Math.random, firmwareVersion = '' } = setup.options
  const codec = createValueCodec()
  const packets = createPacketDecoder({ prefixBytes: PREFIX_BYTES, maxContentBytes: SERVE_LIMITS.contentBytes })
  let running = 0
  let leaving = false
  let isFull = false
  let device: DeviceSession

  const ask = (request: string, args?: unknown, deadlineMs?: number) => device.ask(request, args, deadlineMs)
  const handlers: Record<string, DeviceHandler> = {}
  for (const [name, handler] of Object.entries(setup.handlers)) {
    handlers[name] = (args, { signal, next }) => {
      const result = handler(args, { signal, next, ask: ask as ServeContext['ask'] })
      if (isThenable(result)) {
        running += 1
        result.then(ran, ran)
      }
      return result
    }
  }
  const ran = () => {
    running -= 1
    if (leaving && running === 0) leave()
  }
  /** A turn later, when the answer has been written. */
  const leave = () => void clock.after(0, () => void link.close())

  const write = (action: number, token: number, value: Uint8Array | undefined) => {
    const content = new Uint8Array(2 + (value?.length ?? 0))
    content.set([action, token])
    if (value) content.set(value, 2)
    if (link.write(encodePacket(content, PREFIX_BYTES))) return
    if (!isFull) {
      isFull = true
      void link.drained().then(() => {
        isFull = false
      })
    } else if (Number(link.info?.()['bytesQueued']) > SERVE_LIMITS.queuedBytes) void link.kill?.()
  }
  const boot = (cause: (typeof RESET_CAUSES)[number]) => {
    device?.stop()
    device = createDeviceSession({
      clock,
      random,
      codec,
      contract,
      handlers,
      device: {
        resetCause: RESET_CAUSES.indexOf(cause),
        receiveBytes: 0,
        maxContentBytes: SERVE_LIMITS.contentBytes,
        window: SERVE_LIMITS.window,
        firmwareVersion,
      },
      maxKeptEvents: SERVE_LIMITS.keptEvents,
      lossless: true,
      write,
      reset: () => boot('software'),
    })
    device.announce()
  }
  boot('power_on')

  return {
    handlers: {
      data(bytes) {
        for (const event of packets.push(bytes)) {
          if (event.kind === 'content') device.receive(event.bytes)
          else void link.kill?.() // where the next packet begins cannot be known
        }
      },
      inputEnded() {
        leaving = true
        if (running === 0) leave()
        else clock.after(leaveMs, () => void link.close())
      },
      ended() {
        device.stop()
        over()
      },
    },
    emit: (event, fields) => {
      // A host that does not read must not make this program's memory grow.
      if (isFull && !contract.events.get(event)!.acknowledged) {
        skipped()
        return false
      }
      return device.emit(event, fields)
    },
    log(severity, text) {
      if (!isFull) device.log(severity, text)
    },
    close() {
      device.stop()
      return link.close()
    },
  }
}

const PREFIX_BYTES = 2

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
