/** Places for commands, so many of each device: one that is out keeps its own commands waiting and nobody else's. Nothing is held
 * back when they are taken, as answers to pings and subscriptions would wait behind it: the next command is refused at once. */

export interface Intake {
  /** True with a place taken. */
  enter(device: string): boolean
  /** Gives a place back. */
  leave(device: string): void
}

export function createIntake(places: number): Intake {
  const taken = new Map<string, number>()
  return {
    enter(device) {
      const now = taken.get(device) ?? 0
      if (now >= places) return false
      taken.set(device, now + 1)
      return true
    },
    leave(device) {
      const left = (taken.get(device) ?? 0) - 1
      if (left > 0) taken.set(device, left)
      else taken.delete(device)
    },
  }
}
