// A device that sends one event after the other, each when the one before was acknowledged, and notes when that was.

export function createSerialDevice() {
  const acknowledgedAtMs = new Map()
  let waiting = new Map()
  let gateway
  let next = 0
  return {
    acknowledgedAtMs,
    attach(child) {
      gateway = child
      waiting = new Map()
      child.on('message', ({ stored: number }) => {
        if (number === undefined) return
        acknowledgedAtMs.set(number, Date.now())
        waiting.get(number)?.()
      })
    },
    get made() {
      return next
    },
    /** Resolves when it is acknowledged; `again`: an event that was sent before. */
    send(again = next++) {
      const done = new Promise((resolve) => waiting.set(again, resolve))
      gateway.send({ number: again })
      return done
    },
  }
}

/** @returns false when the time was up first */
export function within(ms, promise) {
  let timer
  const late = new Promise((resolve) => {
    timer = setTimeout(() => resolve(false), ms)
  })
  return Promise.race([promise.then(() => true), late]).finally(() => clearTimeout(timer))
}
