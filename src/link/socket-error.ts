/** What it means that a connection could not be made or a server not started, said so that a person knows what to do. */

import { PortwireError } from '../errors.js'

/** @param peer what was to be reached, for the message: `10.0.0.7:4001` */
export function connectError(peer: string, cause: NodeJS.ErrnoException): PortwireError {
  switch (cause.code) {
    case 'ECONNREFUSED':
      return new PortwireError('PORT_NOT_FOUND', `nothing listens at ${peer}`, {
        cause,
        hint: 'Start the server, or correct its port.',
      })
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return new PortwireError('PORT_NOT_FOUND', `there is no host of the name in ${peer}`, {
        cause,
        hint: 'Correct the name, or give the address.',
      })
    case 'EACCES':
    case 'EPERM':
      return new PortwireError('PERMISSION_DENIED', `this user may not connect to ${peer}`, {
        cause,
        hint: 'Look at the firewall of this machine.',
      })
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
    case 'EHOSTDOWN':
    case 'ETIMEDOUT':
      return new PortwireError('PORT_FAILED', `${peer} cannot be reached (${cause.code})`, {
        cause,
        hint: 'Look whether the machine is on and whether a firewall is in between.',
      })
    default:
      return new PortwireError('PORT_FAILED', `no connection to ${peer}: ${cause.message}`, { cause })
  }
}

export function listenError(address: string, cause: NodeJS.ErrnoException): PortwireError {
  switch (cause.code) {
    case 'EADDRINUSE':
      return new PortwireError('PORT_BUSY', `${address} is in use by another server`, {
        cause,
        hint: 'Stop it, or listen at another port.',
      })
    case 'EACCES':
      return new PortwireError('PERMISSION_DENIED', `this user may not listen at ${address}`, {
        cause,
        hint: 'Take a port from 1024 on.',
      })
    default:
      return new PortwireError('PORT_FAILED', `could not listen at ${address}: ${cause.message}`, { cause })
  }
}
