/** What a port may be opened on, and the link that reaches it. */

import type { Clock } from './clock.js'
import { PortwireError } from './errors.js'
import {
  type Connector,
  type SerialIdentity,
  type SerialOptions,
  type SpawnOptions,
  serialConnector,
  spawnConnector,
  type TcpOptions,
  tcpConnector,
  type WebSocketOptions,
  webSocketConnector,
} from './link/index.js'

/** What is at the other end. */
export type Target =
  /** A board on a UART: its path or what it is (`{ vendorId: '2341', serialNumber: '7573' }`), and how to open it. */
  | ({ readonly serial: string | SerialIdentity } & Omit<SerialOptions, 'path' | 'clock'>)
  /** A program that speaks the protocol on stdin and stdout. */
  | ({ readonly spawn: string } & Omit<SpawnOptions, 'program' | 'clock'>)
  /** A port program or a serial server on the network: `host:port`, raw bytes. */
  | ({ readonly tcp: string } & Omit<TcpOptions, 'address' | 'clock'>)
  /** The same behind a WebSocket: `ws://host:port/path`. */
  | ({ readonly websocket: string } & Omit<WebSocketOptions, 'url' | 'clock'>)
  /** Anything else that carries bytes. */
  | { readonly link: Connector }

/** @throws ARGUMENT_INVALID  none of the targets is named, or it is named by nothing that could be one */
export function connectorOf(options: Target & { readonly clock?: Clock }): Connector {
  if ('link' in options) return options.link
  if ('serial' in options) {
    const { serial } = options
    const path = typeof serial === 'string' ? text('serial', serial, 'a path such as /dev/ttyACM0') : serial
    return serialConnector({ ...options, path })
  }
  if ('spawn' in options) return spawnConnector({ ...options, program: text('spawn', options.spawn, 'a program') })
  if ('tcp' in options) return tcpConnector({ ...options, address: text('tcp', options.tcp, 'host:port') })
  if ('websocket' in options) {
    return webSocketConnector({ ...options, url: text('websocket', options.websocket, 'ws://host:port/path') })
  }
  throw new PortwireError(
    'ARGUMENT_INVALID',
    'open needs one of serial, spawn, tcp, websocket or link to know what to open',
  )
}

function text(target: string, value: unknown, what: string): string {
  if (typeof value === 'string' && value !== '') return value
  throw new PortwireError('ARGUMENT_INVALID', `${target}: expected ${what}, got ${value === '' ? "''" : String(value)}`)
}
