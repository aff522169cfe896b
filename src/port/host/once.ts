/** Who wants to know of something that happens once, and may lose interest before: a promise would keep all of them. */

/** @returns how to be told: calls `run` when the promise has resolved, or soon if it has; its own result stops that */
export function listenersOf<T>(promise: Promise<T>): (run: (value: T) => void) => () => void {
  const waiting = new Set<(value: T) => void>()
  let isOver = false
  void promise.then((value) => {
    isOver = true
    for (const run of [...waiting]) run(value)
    waiting.clear()
  })
  return (run) => {
    if (isOver) {
      let isWanted = true
      void promise.then((value) => isWanted && run(value))
      return () => {
        isWanted = false
      }
    }
    waiting.add(run)
    return () => void waiting.delete(run)
  }
}
