/** The board as the bridge sees it: something that answers requests, until it is lost. */

import type { Exit } from '../exit.js'
import type { ErrorReply } from './error-reply.js'

/** What happens when the board is gone: the program ends; requests wait for it within their deadlines; or they are answered
 * at once that it is gone. */
export type OnDrop = 'exit' | 'hold' | 'error'

export interface BoardHandlers {
  /** It can be called. After a drop again, under `hold` and `error`. */
  up(): void
  /** It is gone. Under `exit`, and before it has ever been up, that is the last thing said. */
  lost(exit: Exit): void
  /** The board logged a line, or printed outside of frames. */
  said(line: string): void
  /** Something for the log file. */
  note(text: string): void
}

export interface Board {
  /** Makes a call of `request`, which is `action u8 | value`; its bytes are only looked at now. Never rejects: the answer is the content of
   * a reply, or what is said in its place. */
  call(request: Uint8Array): Promise<Uint8Array | ErrorReply>
  counters(): BoardCounters
}

export interface BoardCounters {
  /** Answers that came when their call was over: dropped, never given to another call. */
  readonly lateReplies: number
  /** What came and belonged to nothing. */
  readonly refused: number
}
