/** A board that this process opens itself. */

import type { Contract } from '../contract/index.js'
import { PortwireError } from '../errors.js'
import type { UntypedPort } from '../gateway/device/untyped-port.js'

export interface DirectOptions {
  readonly path: string
  readonly baudRate: number | undefined
  /** How long the device may take to say hello; undefined: the Port's default. */
  readonly readyTimeoutMs: number | undefined
  readonly callTimeoutMs?: number
}

/** True for what names a device file; everything else names a device behind a gateway. */
export function isSerialPath(device: string): boolean {
  return /[/\\]/.test(device) || /^COM\d+$/i.test(device)
}

/** Opens the port and waits until its device has said hello.
 * @throws PORT_NOT_FOUND, PORT_BUSY, PERMISSION_DENIED, PORT_FAILED, HELLO_TIMEOUT, CONTRACT_MISMATCH  each with a line that says
 *   what to do */
export async function openDirect(contract: Contract, options: DirectOptions): Promise<UntypedPort> {
  const { open } = await import('../open.js')
  try {
    const port = await open(contract, {
      serial: options.path,
      name: 'board',
      ...(options.baudRate !== undefined && { baudRate: options.baudRate }),
      ...(options.readyTimeoutMs !== undefined && { readyTimeoutMs: options.readyTimeoutMs }),
      ...(options.callTimeoutMs !== undefined && { callTimeoutMs: options.callTimeoutMs }),
    })
    return port as unknown as UntypedPort
  } catch (error) {
    throw await withPortsThere(error)
  }
}

/** The link names the other ports where udev does; where there is no udev, sysfs knows them. */
async function withPortsThere(error: unknown): Promise<unknown> {
  if (!(error instanceof PortwireError) || error.code !== 'PORT_NOT_FOUND' || error.message.includes('; ')) return error
  const { listPorts } = await import('./ports.js')
  const paths = (await listPorts()).map((port) => port.path)
  const there = paths.length > 0 ? `there are: ${paths.join(', ')}` : 'no serial port is there at all'
  const text = error.message.replace(/^PORT_NOT_FOUND: /, '')
  return new PortwireError('PORT_NOT_FOUND', `${text}; ${there}`, { cause: error, hint: error.hint })
}
