/** open: from a contract and a target to a port that is ready, supervised from then on. */

import { type Clock, systemClock } from './clock.js'
import type { Contract, ContractDefinition } from './contract/index.js'
import { PortwireError } from './errors.js'
import { describeExit } from './exit.js'
import {
  type Connector,
  type SerialOptions,
  type SpawnOptions,
  serialConnector,
  spawnConnector,
  type TcpOptions,
  tcpConnector,
  type WebSocketOptions,
  webSocketConnector,
} from './link/index.js'
import { createPort as createPortOver, type Port, type PortOptions } from './port/index.js'
import { createRestartStrategy, type RestartOptions } from './supervision/index.js'

/** What is at the other end. */
export type Target =
  /** A board on a UART: its path, and how to open it. */
  | ({ readonly serial: string } & Omit<SerialOptions, 'path' | 'clock'>)
  /** A program that speaks the protocol on stdin and stdout. */
  | ({ readonly spawn: string } & Omit<SpawnOptions, 'program' | 'clock'>)
  /** A port program or a serial server on the network: `host:port`, raw bytes. */
  | ({ readonly tcp: string } & Omit<TcpOptions, 'address' | 'clock'>)
  /** The same behind a WebSocket: `ws://host:port/path`. */
  | ({ readonly websocket: string } & Omit<WebSocketOptions, 'url' | 'clock'>)
  /** Anything else that carries bytes. */
  | { readonly link: Connector }

export type OpenOptions<C extends ContractDefinition = ContractDefinition> = Target &
  Omit<PortOptions<C>, 'restart'> & { readonly restart?: RestartOptions }

/** Makes a port and starts it at once; what does not start is tried again by the restart options. For programs that must
 * come up whether or not the device is there.
 * @throws ARGUMENT_INVALID  the target or an option is not usable */
export function createPort<C extends ContractDefinition>(contract: Contract<C>, options: OpenOptions<C>): Port<C> {
  const clock = options.clock ?? systemClock
  const restart = createRestartStrategy(options.restart ?? {}, clock, options.random ?? Math.random)
  return createPortOver(contract, connectorOf(options), { ...options, restart })
}

/** Opens a port and resolves when its device has said hello and onStart is through. A later drop is the restart options'
 * concern; a start that fails now is told at once.
 * @throws PORT_NOT_FOUND, PORT_BUSY, PERMISSION_DENIED, PORT_FAILED, HELLO_TIMEOUT, CONTRACT_MISMATCH, ARGUMENT_INVALID */
export async function open<C extends ContractDefinition>(
  contract: Contract<C>,
  options: OpenOptions<C>,
): Promise<Port<C>> {
  const port = createPort(contract, options)
  const failed = new Promise<never>((_, reject) => {
    const stop = port.watch((notice) => {
      if (notice.kind !== 'state' || notice.exit === undefined) return
      const { exit } = notice
      reject(
        exit.kind === 'failed' ? exit.error : new PortwireError('PORT_EXITED', `${port.name} ${describeExit(exit)}`),
      )
    })
    port.ready().then(stop, stop)
  })
  try {
    await Promise.race([port.ready(), failed])
  } catch (error) {
    await port.close()
    throw error
  }
  return port
}

function connectorOf(options: Target & { readonly clock?: Clock }): Connector {
  if ('link' in options) return options.link
  if ('serial' in options) return serialConnector({ ...options, path: options.serial })
  if ('spawn' in options) return spawnConnector({ ...options, program: options.spawn })
  if ('tcp' in options) return tcpConnector({ ...options, address: options.tcp })
  if ('websocket' in options) return webSocketConnector({ ...options, url: options.websocket })
  throw new PortwireError(
    'ARGUMENT_INVALID',
    'open needs one of serial, spawn, tcp, websocket or link to know what to open',
  )
}
