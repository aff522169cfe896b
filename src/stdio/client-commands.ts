/** What a client may say to the bridge itself under `--notify`: arrays that begin with a word, as tuples of mod_kazoo's do. */

import type { Contract } from '../contract/index.js'
import type { ValueCodec } from '../wire/index.js'
import { type CommandAnswer, refuse } from './client-answer.js'
import { createClientEvents } from './client-events.js'
import { createClientJobs } from './client-jobs.js'
import type { ClientPort } from './client-port.js'
import { createClientRequests } from './client-requests.js'
import type { Notices } from './notices.js'

export interface ClientCommands {
  /** Runs a command; never throws. */
  run(command: unknown): CommandAnswer
}

export interface ClientCommandsOptions {
  readonly port: ClientPort
  /** The board's. */
  readonly contract: Contract
  readonly codec: ValueCodec
  readonly notices: Notices
}

export function createClientCommands({ port, contract, codec, notices }: ClientCommandsOptions): ClientCommands {
  const events = createClientEvents(port, contract, notices)
  const requests = createClientRequests(port, contract, codec, notices)
  const jobs = createClientJobs(port, contract, codec, notices)
  const commands: Readonly<Record<string, (given: readonly unknown[]) => CommandAnswer>> = {
    event: ([names]) => events.bind(names),
    nixevent: ([names]) => events.unbind(names),
    noevents: () => events.unbindAll(),
    bind: ([sections]) => requests.bind(sections),
    unbind: ([sections]) => requests.unbind(sections),
    fetch_reply: (given) => requests.reply(given),
    bgapi: (given) => jobs.start(given),
    cancel: ([id]) => jobs.cancel(id),
  }
  port.watch((notice) => {
    if (notice.kind === 'events_lost') notices.lost(notice.count, 'line')
    if (notice.kind === 'events_dropped') notices.lost(notice.count, 'board')
  })
  return {
    run(command) {
      if (!Array.isArray(command) || typeof command[0] !== 'string') {
        return refuse('badarg', 'a command is an array that begins with its name')
      }
      const [name, ...given] = command as [string, ...unknown[]]
      const known = Object.hasOwn(commands, name) ? commands[name] : undefined
      return known?.(given) ?? refuse('undef', `no command ${name}; there are: ${Object.keys(commands).join(', ')}`)
    },
  }
}

/** What `--notify NAMES` binds from the start, as commands: events and requests of these names, `ALL` is every one. */
export function startingCommands(contract: Contract, names: readonly string[]): readonly (readonly unknown[])[] {
  const all = names.includes('ALL')
  const events = all ? [...contract.events.keys()] : names.filter((name) => contract.events.has(name))
  const sections = all ? [...contract.requests.keys()] : names.filter((name) => contract.requests.has(name))
  return [...(events.length > 0 ? [['event', events]] : []), ...(sections.length > 0 ? [['bind', sections]] : [])]
}
