/** Who is told when a signal is aborted: one listener a signal, however many calls share it. Node warns of a leak at the
 * eleventh listener, and AbortSignal.any leaves something behind on a signal that lives long each time that it is used. */

interface Waiting {
  readonly all: Set<() => void>
  readonly stop: () => void
}

const waitingFor = new WeakMap<AbortSignal, Waiting>()

/** Calls `run` once when the signal, which is not yet aborted, is. @returns how to stop listening */
export function onAbort(signal: AbortSignal, run: () => void): () => void {
  const waiting = waitingFor.get(signal) ?? listen(signal)
  waiting.all.add(run)
  return () => {
    if (!waiting.all.delete(run) || waiting.all.size > 0) return
    waiting.stop()
  }
}

function listen(signal: AbortSignal): Waiting {
  const all = new Set<() => void>()
  const aborted = () => {
    waitingFor.delete(signal)
    for (const run of [...all]) run()
  }
  const stop = () => {
    waitingFor.delete(signal)
    signal.removeEventListener('abort', aborted)
  }
  const waiting = { all, stop }
  waitingFor.set(signal, waiting)
  signal.addEventListener('abort', aborted, { once: true })
  return waiting
}
