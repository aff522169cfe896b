/** A command or a request as it comes over MQTT: JSON in, the transaction taken out, and where the answer goes. */

import { LIMITS } from './limits.js'
import type { Inbound, Publication } from './publication.js'
import { responseTopicProblem } from './topics.js'

export interface Command {
  /** The members of the payload, without `transaction`. */
  readonly members: Readonly<Record<string, unknown>>
  readonly transaction: { readonly value: unknown } | undefined
}

export type ParsedCommand =
  | { readonly ok: true; readonly command: Command }
  | { readonly ok: false; readonly problem: string; readonly transaction: undefined }

/** An empty payload is a command without arguments. */
export function parseCommand(payload: Buffer): ParsedCommand {
  const bad = (problem: string): ParsedCommand => ({ ok: false, problem, transaction: undefined })
  if (payload.length > LIMITS.commandBytes) return bad(`the payload is longer than ${LIMITS.commandBytes} bytes`)
  if (payload.length === 0) return { ok: true, command: { members: {}, transaction: undefined } }
  let json: unknown
  try {
    json = JSON.parse(payload.toString('utf8'))
  } catch {
    return bad('the payload is not JSON; arguments go by name, as in {"open":0.4}')
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    return bad('the payload is not a JSON object; arguments go by name, as in {"open":0.4}')
  }
  const { transaction, ...members } = json as Record<string, unknown>
  return { ok: true, command: { members, transaction: transaction === undefined ? undefined : { value: transaction } } }
}

/** The answer to `inbound`: on the response topic that it names, with its correlation data, else on `classicTopic`.
 * A response topic that the gateway must not publish on is refused, which `problem` says. */
export function answerTo(
  inbound: Inbound,
  classicTopic: string,
  base: string,
  payload: string,
): { readonly publication: Publication; readonly problem?: string } {
  const { responseTopic, correlationData } = inbound
  const classic: Publication = { topic: classicTopic, payload, qos: 1, retain: false }
  if (responseTopic === undefined) return { publication: classic }
  const problem = responseTopicProblem(responseTopic, base, LIMITS.responseTopicBytes)
  if (problem) return { publication: classic, problem: `the response topic was not used: ${problem}` }
  return { publication: { ...classic, topic: responseTopic, ...(correlationData && { correlationData }) } }
}
