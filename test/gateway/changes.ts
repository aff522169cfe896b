/** Waits for a condition without looking at the clock: it is looked at whenever whatever it depends on has changed. */

export interface Changes {
  /** Something has changed: who waits looks again. */
  changed(): void
  /** Resolves when the condition holds; fails at the deadline with what was waited for. */
  until(condition: () => boolean, deadlineMs: number, what: () => string): Promise<void>
}

export function createChanges(): Changes {
  const waiting = new Set<() => void>()
  return {
    changed() {
      for (const look of [...waiting]) look()
    },
    until(condition, deadlineMs, what) {
      return new Promise((resolve, reject) => {
        const done = () => {
          waiting.delete(look)
          clearTimeout(deadline)
        }
        const look = () => {
          try {
            if (!condition()) return
            resolve()
          } catch (error) {
            reject(error)
          }
          done()
        }
        const deadline = setTimeout(() => {
          done()
          reject(new Error(`not within ${deadlineMs} ms: ${what()}`))
        }, deadlineMs)
        waiting.add(look)
        look()
      })
    },
  }
}
