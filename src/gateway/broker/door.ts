/** Who may keep a connection to the embedded broker: places for clients, and fewer for those that have not said CONNECT yet. When the
 * latter are all taken the oldest of them goes, not the newcomer: whoever only opens sockets cannot keep others out. */

export interface DoorLimits {
  /** Connections altogether, and from one address of another machine. */
  readonly total: number
  readonly perAddress: number
  /** Of those altogether, that have not been let in yet. */
  readonly waiting: number
}

export interface Door<T> {
  /** A connection has come. Undefined: it may stay, after those in `drop` were closed. */
  arrive(connection: T, address: string): { readonly refusal?: string; readonly drop: readonly T[] }
  /** It said CONNECT, and was let in. */
  enter(connection: T): void
  leave(connection: T): void
  readonly size: number
}

export function createDoor<T>(limits: DoorLimits): Door<T> {
  /** In the order they came. */
  const waiting = new Map<T, string>()
  const inside = new Map<T, string>()
  const count = (of: ReadonlyMap<T, string>, address: string) => {
    let number = 0
    for (const other of of.values()) if (other === address) number += 1
    return number
  }
  const oldest = (address?: string): T | undefined => {
    for (const [connection, from] of waiting) if (address === undefined || from === address) return connection
    return undefined
  }

  return {
    arrive(connection, address) {
      const drop: T[] = []
      const free = (victim: T | undefined) => {
        if (victim === undefined) return false
        waiting.delete(victim)
        drop.push(victim)
        return true
      }
      if (!isThisMachine(address) && count(inside, address) + count(waiting, address) >= limits.perAddress) {
        if (!free(oldest(address))) {
          return { refusal: `${limits.perAddress} connections from ${address} are there already`, drop }
        }
      }
      if (waiting.size >= limits.waiting) free(oldest(crowded(waiting)))
      if (waiting.size + inside.size >= limits.total && !free(oldest(crowded(waiting)))) {
        return { refusal: `${limits.total} connections are there already`, drop }
      }
      waiting.set(connection, address)
      return { drop }
    },
    enter(connection) {
      const address = waiting.get(connection)
      if (address === undefined) return
      waiting.delete(connection)
      inside.set(connection, address)
    },
    leave(connection) {
      waiting.delete(connection)
      inside.delete(connection)
    },
    get size() {
      return waiting.size + inside.size
    },
  }
}

/** The address with the most places. */
function crowded(of: ReadonlyMap<unknown, string>): string | undefined {
  const counts = new Map<string, number>()
  for (const address of of.values()) counts.set(address, (counts.get(address) ?? 0) + 1)
  return [...counts].sort((a, b) => b[1] - a[1])[0]?.[0]
}

/** All that runs on this machine has the same address, so a bound for each says nothing there. */
export function isThisMachine(address: string): boolean {
  return address === '::1' || /^(::ffff:)?127\./.test(address)
}
