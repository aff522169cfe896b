/** Calls whose end is told later: `bgapi` is answered at once, `bgok` or `bgerror` follows. */

import type { Contract } from '../contract/index.js'
import { deferred } from '../deferred.js'
import { ErrorNumber, FIRST_PROTOCOL_ACTION, type ValueCodec } from '../wire/index.js'
import { anyActionName } from './any-contract.js'
import { type CommandAnswer, OK, refuse } from './client-answer.js'
import type { ClientPort } from './client-port.js'
import { type ErrorReply, errorReply } from './error-reply.js'
import { MAX_JOBS } from './limits.js'
import type { Notices } from './notices.js'

export interface ClientJobs {
  /** @param given  the members behind `bgapi`: the action by number or name, and its arguments if it has any */
  start(given: readonly unknown[]): CommandAnswer
  cancel(id: unknown): CommandAnswer
}

export function createClientJobs(
  port: ClientPort,
  contract: Contract,
  codec: ValueCodec,
  notices: Notices,
): ClientJobs {
  const running = new Map<number, AbortController>()
  let lastId = 0

  /** @param told  resolves when the client has its id: no word about a job is earlier than that */
  const run = async (id: number, action: number, args: unknown, told: Promise<void>): Promise<void> => {
    const abort = new AbortController()
    running.set(id, abort)
    let end: readonly unknown[]
    try {
      const job = port.stream(anyActionName(action), args, { signal: abort.signal })
      job.result.catch(() => {}) // its reader hears it as well
      for await (const item of job) {
        await told
        const content = encoded(['bgnext', id, item ?? null])
        if (content) notices.offer(content)
        else notices.lost(1, 'packet')
      }
      end = ['bgok', id, (await job.result) ?? null]
    } catch (error) {
      end = ['bgerror', id, abort.signal.aborted ? CANCELLED : errorReply(error)]
    }
    await told
    const content = encoded(end)
    if (!content || !notices.send(content)) {
      const tooLong: ErrorReply = {
        error: 'the reply does not fit a packet; the action ran',
        code: ErrorNumber.REPLY_GONE,
      }
      void notices.send(codec.encode(['bgerror', id, tooLong]))
    }
    running.delete(id)
  }
  /** Undefined for what is beyond a limit of the codec: a value of the board must not end the client's program. */
  const encoded = (message: readonly unknown[]): Uint8Array | undefined => {
    try {
      return codec.encode(message)
    } catch {
      return undefined
    }
  }

  return {
    start(given) {
      const [name, args] = given
      const action = typeof name === 'string' ? contract.actions.get(name)?.index : name
      if (given.length < 1 || given.length > 2 || !isAction(action)) {
        return refuse('badarg', `bgapi: an action of ${contract.name}, by number or name, and its arguments`)
      }
      if (running.size >= MAX_JOBS) return refuse('busy', `${MAX_JOBS} jobs run`)
      const id = ++lastId
      const told = deferred<void>()
      void run(id, action, args, told.promise)
      return { reply: ['ok', id], left: () => told.resolve() }
    },
    cancel(id) {
      if (typeof id !== 'number') return refuse('badarg', 'cancel: the id of a job')
      const abort = running.get(id)
      if (!abort) return refuse(id >= 1 && id <= lastId ? 'expired' : 'badid')
      abort.abort()
      return OK
    },
  }
}

const CANCELLED: ErrorReply = { error: 'cancelled', code: ErrorNumber.CANCELLED }

function isAction(action: unknown): action is number {
  return Number.isInteger(action) && (action as number) >= 0 && (action as number) < FIRST_PROTOCOL_ACTION
}
