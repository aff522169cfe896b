/** Answers to commands, in Erlang's shapes: an atom is a string, a tuple an array. */

export interface CommandAnswer {
  readonly reply: unknown
  /** Runs when the reply has left, before anything after it does. */
  readonly left?: () => void
}

export const OK: CommandAnswer = { reply: 'ok' }

/** `badarg`: the command is malformed; `badid`: there never was such an id; `expired`: there was. */
export type Refusal = 'badarg' | 'badid' | 'expired' | 'busy' | 'undef'

export function refuse(reason: Refusal, text?: string): CommandAnswer {
  return { reply: text === undefined ? ['error', reason] : ['error', reason, text] }
}

/** The names in a command: one, or a list of them; undefined when it is neither. */
export function namesIn(value: unknown): readonly string[] | undefined {
  const names = typeof value === 'string' ? [value] : value
  if (!Array.isArray(names) || names.length === 0) return undefined
  return names.every((name) => typeof name === 'string') ? names : undefined
}
