/** What the library of a device answers, whatever its application does: the round trip of a TICK, and its own counters. */

import type { Clock } from '../../clock.js'
import { PortwireError } from '../../errors.js'
import { describeExit } from '../../exit.js'
import type { DeviceStats } from '../info.js'
import type { PingOptions } from '../types.js'
import { timeoutAbove0 } from './options.js'
import type { Answer } from './pending.js'
import type { Probe } from './ping.js'
import type { PortSession } from './port-session.js'

export interface ProbesOptions {
  readonly name: string
  readonly clock: Clock
  readonly callTimeoutMs: number
  readonly protocol: 'portwire' | 'action'
  /** The session of now. @throws PORT_EXITED  there is none */
  readonly present: (what: string) => PortSession
}

export function createProbes({ name, clock, callTimeoutMs, protocol, present }: ProbesOptions) {
  /** @param ask sends the question
   *  @returns what the answer was, within the time and the session */
  const probe = <T>(
    what: string,
    timeoutMs: number,
    { whenOver }: PortSession,
    ask: (probe: Probe<T>) => 'asked' | 'without' | 'no-session',
  ): Promise<T> =>
    new Promise((resolve, reject) => {
      let isWanted = true
      const over = () => {
        isWanted = false
        cancel()
        stopListening()
      }
      const fail = (code: 'CALL_TIMEOUT' | 'PORT_EXITED' | 'FEATURE_MISSING', why: string) => {
        over()
        reject(new PortwireError(code, `${what}: ${why}`))
      }
      const cancel = clock.after(timeoutMs, () => fail('CALL_TIMEOUT', `no answer from ${name} in ${timeoutMs} ms`))
      const stopListening = whenOver((exit) => fail('PORT_EXITED', `${name} ${describeExit(exit)}`))
      const asked = ask({
        isWanted: () => isWanted,
        answered(answer) {
          over()
          resolve(answer)
        },
      })
      if (asked === 'without') fail('FEATURE_MISSING', `${name} was built without it`)
      else if (asked === 'no-session') fail('PORT_EXITED', `${name} has not said hello`)
    })

  return {
    async ping({ timeoutMs = callTimeoutMs }: PingOptions = {}): Promise<number> {
      timeoutAbove0(timeoutMs)
      if (protocol === 'action') {
        throw new PortwireError('ARGUMENT_INVALID', "ping: protocol 'action' has no message that its runtime answers")
      }
      const now = present('ping')
      const { session } = now.connection
      return probe<number>('ping', timeoutMs, now, (probe) => (session.ping(probe) ? 'asked' : 'no-session'))
    },

    async deviceStats({ timeoutMs = callTimeoutMs }: PingOptions = {}): Promise<DeviceStats> {
      timeoutAbove0(timeoutMs)
      const now = present('deviceStats')
      const answer = await probe<Answer>('deviceStats', timeoutMs, now, now.connection.session.stats)
      const stats = answer.kind === 'reply' ? statsOf(answer.value) : undefined
      if (stats) return stats
      throw new PortwireError('REPLY_INVALID', 'deviceStats: the answer to STATS is not a list of counters')
    },
  }
}

/** Later versions of a device append to the list. */
function statsOf(value: unknown): DeviceStats | undefined {
  if (!Array.isArray(value)) return undefined
  const [messagesTaken, repeatsAnswered, tokensRefused, messagesRefused, framesDropped, eventsDropped, ...line] = value
  const [ringBytesLost, dataOverruns] = line
  const stats = {
    ...{ messagesTaken, repeatsAnswered, tokensRefused, messagesRefused, framesDropped, eventsDropped },
    // Only of a line that knows them.
    ...((ringBytesLost ?? undefined) === undefined ? {} : { ringBytesLost }),
    ...((dataOverruns ?? undefined) === undefined ? {} : { dataOverruns }),
  }
  return Object.values(stats).every((count) => Number.isSafeInteger(count) && count >= 0) ? stats : undefined
}
