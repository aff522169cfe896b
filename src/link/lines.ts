/** Text that comes in any split, cut into lines. */

import { StringDecoder } from 'node:string_decoder'
import { LINK_LIMITS } from './limits.js'

export interface LineSplitter {
  push(bytes: Uint8Array): void
  /** The text is over: what is held was the last line. */
  end(): void
}

/** @param line gets each line without its line end; a longer one than 4,096 characters in pieces */
export function createLineSplitter(line: (text: string) => void): LineSplitter {
  const decoder = new StringDecoder('utf8')
  let held = ''
  const take = (text: string) => {
    const lines = (held + text).split('\n')
    held = lines.pop()!
    for (const whole of lines) cut(whole.endsWith('\r') ? whole.slice(0, -1) : whole)
    while (held.length > LINK_LIMITS.lineBytes) {
      line(held.slice(0, LINK_LIMITS.lineBytes))
      held = held.slice(LINK_LIMITS.lineBytes)
    }
  }
  const cut = (whole: string) => {
    let rest = whole
    while (rest.length > LINK_LIMITS.lineBytes) {
      line(rest.slice(0, LINK_LIMITS.lineBytes))
      rest = rest.slice(LINK_LIMITS.lineBytes)
    }
    line(rest)
  }
  return {
    push: (bytes) => take(decoder.write(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength))),
    end() {
      take(decoder.end())
      if (held !== '') line(held)
      held = ''
    },
  }
}
