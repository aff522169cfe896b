/** The ports of this process that are open, so that a person can ask what it holds. */

import type { PortState } from '../types.js'

/** An open port in one line. */
export interface OpenPort {
  readonly name: string
  /** What was opened: the path of the tty or of the program, the address. */
  readonly link: string
  readonly state: PortState
  /** Of the program, while one runs. */
  readonly pid?: number
  /** Of the tty, while it is open. */
  readonly path?: string
}

const open = new Set<() => OpenPort>()

/** Every port of this process that is not closed, raw ones too, in the order of opening. One that is being closed stays
 * until its program is gone or its tty is free. */
export function all(): OpenPort[] {
  return [...open].map((port) => port())
}

/** Returns how to take it out again. */
export function register(port: () => OpenPort): () => void {
  const own = () => port()
  open.add(own)
  return () => void open.delete(own)
}
