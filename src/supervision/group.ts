/** Who of a group is ended and who is started, and when: the strategies of OTP's supervisor as pure functions over the states of
 * the children, which stand in the order in which they are started. */

/** OTP's words for who is started anew with a child that has ended: it alone; all; it and those started after it. */
export type GroupStrategy = 'one_for_one' | 'one_for_all' | 'rest_for_one'

export type ChildState =
  /** Has never been told to start. */
  | 'new'
  /** Told to start; its session does not run yet. */
  | 'starting'
  | 'running'
  /** Ended by itself while it ran: in its pause. */
  | 'crashed'
  /** Its start has failed: in its pause. */
  | 'retrying'
  /** To be ended because of another. */
  | 'doomed'
  /** Told to end; its link is not released yet. */
  | 'stopping'
  /** Ended, released, its pause over: may start when it is its turn. */
  | 'waiting'
  /** Never started again. */
  | 'gone'

export type Children = readonly ChildState[]

/** What the shell has to do: end a child, or let it start. */
export type Move = { readonly kind: 'end' | 'start'; readonly index: number }

/** A child has ended by itself and will be started again. Only the end of one that ran takes others along: a start that
 * fails has hurt nobody, and is tried again. */
export function crash(strategy: GroupStrategy, children: Children, index: number): Children {
  const hasRun = children[index] === 'running'
  return children.map((state, i) => {
    if (i === index) return hasRun ? 'crashed' : 'retrying'
    const isAlive = state === 'running' || state === 'starting'
    return hasRun && isAlive && isTakenAlong(strategy, i, index) ? 'doomed' : state
  })
}

function isTakenAlong(strategy: GroupStrategy, index: number, crashed: number): boolean {
  switch (strategy) {
    case 'one_for_one':
      return false
    case 'one_for_all':
      return true
    case 'rest_for_one':
      return index > crashed
  }
}

/** What is to be done now, and the states once it is. Children are ended one after the other, the last started first; then,
 * and when the pause of the one that crashed is over, those that wait are started in order. */
export function advance(
  strategy: GroupStrategy,
  children: Children,
): { readonly children: Children; readonly moves: readonly Move[] } {
  if (children.includes('stopping')) return { children, moves: [] }
  const doomed = children.lastIndexOf('doomed')
  if (doomed >= 0) return { children: children.with(doomed, 'stopping'), moves: [{ kind: 'end', index: doomed }] }
  const moves: Move[] = []
  const next = [...children]
  for (const [index, state] of children.entries()) {
    if ((state !== 'new' && state !== 'waiting') || !isItsTurn(strategy, next, index)) continue
    next[index] = 'starting'
    moves.push({ kind: 'start', index })
  }
  return { children: next, moves }
}

function isItsTurn(strategy: GroupStrategy, children: Children, index: number): boolean {
  const before = children.slice(0, index)
  // Independent of the others, but for the first start: that waits until those before it run or could not be started.
  if (strategy === 'one_for_one') {
    return children[index] === 'waiting' || !before.some((state) => state === 'new' || state === 'starting')
  }
  return !children.includes('crashed') && before.every((state) => state === 'running' || state === 'gone')
}
