/** Single keys from a terminal, or lines from a pipe whose first letter is the key. */

import type { Io } from './io.js'

/** Calls `pressed` with each key, in lower case, until the returned function is called. */
export function listenForKeys(io: Io, pressed: (key: string) => void): () => void {
  const { stdin } = io
  const isTerminal = stdin.isTTY === true && stdin.setRawMode !== undefined
  let line = ''
  const heard = (chunk: Buffer | string) => {
    for (const char of String(chunk)) {
      if (isTerminal) pressed(char.toLowerCase())
      else if (char === '\n') {
        const key = line.trim()[0]
        line = ''
        if (key !== undefined) pressed(key.toLowerCase())
      } else if (line.length < 64) line += char
    }
  }
  if (isTerminal) stdin.setRawMode!(true)
  stdin.on('data', heard)
  // A closed pipe is no wish to quit: `portwire gateway </dev/null &` goes on.
  stdin.on('error', () => {})
  return () => {
    stdin.off('data', heard)
    stdin.pause()
    if (isTerminal) stdin.setRawMode!(false)
  }
}

/** What a terminal in raw mode sends for Ctrl-C; no signal comes then. */
export const CTRL_C = '\u0003'
