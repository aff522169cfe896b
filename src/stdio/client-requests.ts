/** What the board asks, answered by the client: `bind`, `unbind`, `fetch_reply`. A request of the contract is a section. */

import { type Action, type Contract, decodeResult, encodeResult, fieldsOf } from '../contract/index.js'
import { type Deferred, deferred } from '../deferred.js'
import { ApplicationError, type RequestContext } from '../port/index.js'
import { ErrorNumber, type ValueCodec } from '../wire/index.js'
import { type CommandAnswer, namesIn, OK, refuse } from './client-answer.js'
import type { ClientPort } from './client-port.js'
import { withoutCode } from './error-reply.js'
import type { Notices } from './notices.js'

export interface ClientRequests {
  bind(sections: unknown): CommandAnswer
  unbind(sections: unknown): CommandAnswer
  /** @param given  the members behind `fetch_reply`: id and value */
  reply(given: readonly unknown[]): CommandAnswer
}

interface Fetch {
  readonly request: Action
  readonly answered: Deferred<unknown>
}

export function createClientRequests(
  port: ClientPort,
  contract: Contract,
  codec: ValueCodec,
  notices: Notices,
): ClientRequests {
  const bindings = new Map<string, () => void>()
  /** Those that the board still waits for. */
  const open = new Map<number, Fetch>()
  /** Ids count from 1, so that one that is over is told from one that never was. */
  let lastId = 0

  port.watch((notice) => {
    // What the old session asked, nobody waits for any more.
    if (notice.kind === 'state' && notice.state !== 'running') open.clear()
  })

  const ask = (request: Action, args: unknown, { deadlineMs, signal }: RequestContext): Promise<unknown> => {
    const id = ++lastId
    const answered = deferred<unknown>()
    open.set(id, { request, answered })
    signal.addEventListener('abort', () => open.delete(id))
    const sent = notices.send(codec.encode(['fetch', request.name, positional(request, args), id, deadlineMs]))
    if (!sent) {
      open.delete(id)
      throw new ApplicationError(ErrorNumber.FIRST_APPLICATION, 'the question is longer than a packet of the client')
    }
    return answered.promise
  }

  return {
    bind(given) {
      const names = namesIn(given)
      if (!names) return refuse('badarg', 'bind: names of requests, at least one, or ALL')
      const sections = names.includes('ALL') ? [...contract.requests.keys()] : names
      const unknown = sections.find((name) => !contract.requests.has(name))
      if (unknown !== undefined) {
        const known = [...contract.requests.keys()].join(', ') || 'none'
        return refuse('badarg', `bind: ${contract.name} has no request ${unknown}; it has: ${known}`)
      }
      for (const name of sections) {
        if (bindings.has(name)) continue
        const request = contract.requests.get(name)!
        bindings.set(
          name,
          port.handle(name, (args, context) => ask(request, args, context)),
        )
      }
      return OK
    },
    unbind(given) {
      const names = namesIn(given)
      if (!names) return refuse('badarg', 'unbind: names of requests, at least one, or ALL')
      for (const name of names.includes('ALL') ? [...bindings.keys()] : names) {
        bindings.get(name)?.()
        bindings.delete(name)
      }
      return OK
    },
    reply(given) {
      const [id, value] = given
      if (given.length !== 2 || typeof id !== 'number') return refuse('badarg', 'fetch_reply: an id and a value')
      const fetch = open.get(id)
      if (!fetch) return refuse(id >= 1 && id <= lastId ? 'expired' : 'badid')
      const what = `fetch_reply of ${fetch.request.name}`
      const decoded = decodeResult(what, fetch.request.result, value)
      if (!decoded.ok) return refuse('badarg', decoded.problem)
      try {
        encodeResult(what, fetch.request.result, decoded.value) // the range too is this client's to keep
      } catch (error) {
        return refuse('badarg', withoutCode(error))
      }
      open.delete(id)
      fetch.answered.resolve(decoded.value)
      return OK
    },
  }
}

function positional(request: Action, args: unknown): unknown {
  if (request.args.kind === 'any') return args ?? null
  const values = (args ?? {}) as Readonly<Record<string, unknown>>
  return fieldsOf(request.args).map((field) => values[field.name] ?? null)
}
