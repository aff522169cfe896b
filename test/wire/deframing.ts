/** Feeds bytes to a deframer and keeps what comes out, copied: the deframer reuses its memory. */

import { createDeframer, type Deframer, type DropReason, type FrameEvent } from '../../src/wire/index.js'
import { type FrameVectorEvent, toHex } from './vectors.js'

/** An event in the words of the vectors. */
export function plain(event: FrameEvent): FrameVectorEvent {
  switch (event.kind) {
    case 'content':
      return { content: toHex(event.bytes) }
    case 'console':
      return { console: event.text }
    case 'drop':
      return { drop: event.reason }
  }
}

export function deframe(
  wire: Uint8Array,
  {
    maxContentBytes = 300,
    chunkBytes = wire.length,
    deframer = createDeframer({ maxContentBytes }),
  }: DeframeOptions = {},
): FrameVectorEvent[] {
  const events: FrameVectorEvent[] = []
  for (let at = 0; at < wire.length; at += chunkBytes) {
    events.push(...deframer.push(wire.subarray(at, at + chunkBytes)).map(plain))
  }
  return events
}

export interface DeframeOptions {
  readonly maxContentBytes?: number
  readonly chunkBytes?: number
  readonly deframer?: Deframer
}

export function contents(events: readonly FrameVectorEvent[]): string[] {
  return events.flatMap((event) => ('content' in event ? [event.content] : []))
}

export function consoleText(events: readonly FrameVectorEvent[]): string {
  return events.flatMap((event) => ('console' in event ? [event.console] : [])).join('')
}

export function drops(events: readonly FrameVectorEvent[]): DropReason[] {
  return events.flatMap((event) => ('drop' in event ? [event.drop] : []))
}
