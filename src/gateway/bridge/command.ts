/** A command or a request as it comes over MQTT: JSON or msgpack in, the transaction taken out, and where the answer goes. */

import { HOME_ASSISTANT_DEFAULTS } from '../config/homeassistant-schema.js'
import { decodeMsgpack, isMsgpack } from '../encoding.js'
import type { HomeAssistantConfig } from '../homeassistant/homeassistant.js'
import { LIMITS } from '../limits.js'
import type { Inbound, Publication } from '../mqtt/publication.js'
import { hasNotFinite } from '../payload.js'
import { shownName } from '../printable.js'
import { responseTopicProblem } from '../topics.js'
import { memberText, type Transaction } from './transaction.js'

export interface Command {
  /** The members of the payload, without `transaction`. */
  readonly members: Readonly<Record<string, unknown>>
  readonly transaction: Transaction | undefined
}

export type ParsedCommand =
  | { readonly ok: true; readonly command: Command }
  | { readonly ok: false; readonly problem: string; readonly transaction: Transaction | undefined }

/** An empty payload is a command without arguments. */
export function parseCommand(payload: Buffer): ParsedCommand {
  const bad = (problem: string): ParsedCommand => ({ ok: false, problem, transaction: undefined })
  if (payload.length > LIMITS.commandBytes) return bad(`the payload is longer than ${LIMITS.commandBytes} bytes`)
  if (payload.length === 0) return { ok: true, command: { members: {}, transaction: undefined } }
  if (isMsgpack(payload)) {
    const decoded = decodeMsgpack(payload)
    return 'problem' in decoded
      ? bad(`the payload is not msgpack: ${decoded.problem}`)
      : commandOf(decoded.value as Members)
  }
  const text = payload.toString('utf8')
  // Before it is parsed: what is nested deeply enough ends whatever descends into it.
  if (depthOf(text, LIMITS.commandDepth) > LIMITS.commandDepth) {
    return bad(`the payload is nested more than ${LIMITS.commandDepth} deep`)
  }
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    return bad('the payload is not JSON; arguments go by name, as in {"open":0.4}')
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    return bad('the payload is not a JSON object; arguments go by name, as in {"open":0.4}')
  }
  const parsed = commandOf(json as Members, memberText(text, 'transaction'))
  const { members, transaction } = parsed.command
  const beyond = Object.keys(members).find((name) => hasNotFinite(members[name]))
  // JSON has no infinity: it is what became of a number with too large an exponent.
  if (beyond === undefined) return parsed
  return { ok: false, problem: `${shownName(beyond)}: a number is beyond those of 64-bit floats`, transaction }
}

type Members = Readonly<Record<string, unknown>>

/** @param text  how the transaction was written, in JSON */
function commandOf({ transaction: value, ...members }: Members, text?: string) {
  const transaction: Transaction | undefined = value === undefined ? undefined : { value, ...(text && { text }) }
  return { ok: true, command: { members, transaction } } as const
}

/** How deep tables and lists lie in each other in JSON text, counted up to one past `most`. */
function depthOf(text: string, most: number): number {
  let depth = 0
  let deepest = 0
  let isText = false
  for (let at = 0; at < text.length && deepest <= most; at++) {
    const char = text[at]!
    if (isText) {
      if (char === '\\') at += 1
      else if (char === '"') isText = false
    } else if (char === '"') isText = true
    else if (char === '{' || char === '[') {
      depth += 1
      deepest = Math.max(deepest, depth)
    } else if (char === '}' || char === ']') depth -= 1
  }
  return deepest
}

/** The answer to `inbound`: on the response topic that it names, with its correlation data, else on `classicTopic`.
 * A response topic that the gateway must not publish on is refused, which `problem` says. */
export function answerTo(
  inbound: Inbound,
  classicTopic: string,
  base: string,
  payload: string | Uint8Array,
  homeAssistant: HomeAssistantConfig = HOME_ASSISTANT_DEFAULTS,
): { readonly publication: Publication; readonly problem?: string } {
  const { responseTopic, correlationData } = inbound
  const classic: Publication = { topic: classicTopic, payload, qos: 1, retain: false }
  if (responseTopic === undefined) return { publication: classic }
  const problem = responseTopicProblem(responseTopic, base, {
    maxBytes: LIMITS.responseTopicBytes,
    maxLevels: LIMITS.responseTopicLevels,
    ...homeAssistant,
  })
  if (problem) return { publication: classic, problem: `the response topic was not used: ${problem}` }
  return { publication: { ...classic, topic: responseTopic, ...(correlationData && { correlationData }) } }
}
