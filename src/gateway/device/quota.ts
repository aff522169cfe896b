/** The quota of one device, and what it came to: how many of its events were dropped and how many had to wait is said, not one by one. */

import type { Clock } from '../../clock.js'
import { LIMITS } from '../limits.js'
import { createLosses } from '../losses.js'
import type { DeviceConfig } from './config.js'
import { createEventQuota, type EventQuotaLimits } from './event-quota.js'

/** Plain events are dropped, reliable ones are paced: they wait for their turn, not acknowledged to the device. */
export type AboveQuota = 'dropped' | 'paced'

export interface DeviceQuota {
  /** A plain event: true when it may go out; false is counted as dropped. */
  admit(): boolean
  /** A reliable event: takes it at its turn. Events keep their order. */
  turn(take: () => Promise<void>): Promise<void>
  /** Another config of the same device. */
  adjust(config: Pick<DeviceConfig, 'eventQuota'>): void
  /** Forgets the turns that wait: these events are not acknowledged, and stay on the device. */
  forget(): void
  /** The same, and says what was not said yet. It may be called again, after the last event. */
  close(): void
}

export interface DeviceQuotaOptions {
  readonly config: Pick<DeviceConfig, 'eventQuota'>
  readonly clock: Clock
  /** So many events were above the quota. */
  readonly aboveQuota: (what: AboveQuota, count: number) => void
}

export function createDeviceQuota({ config, clock, aboveQuota }: DeviceQuotaOptions): DeviceQuota {
  const quota = createEventQuota(limitsOf(config), clock)
  const above = createLosses<AboveQuota>({ clock, afterMs: LIMITS.lossesSaidMs, say: aboveQuota })
  return {
    admit() {
      const may = quota.admit()
      if (!may) above.add('dropped')
      return may
    },
    turn: (take) =>
      new Promise((resolve) => {
        // Async, so that what `take` throws is not thrown at a timer.
        if (quota.turn(() => resolve((async () => take())()))) above.add('paced')
      }),
    adjust: (next) => quota.set(limitsOf(next)),
    forget: quota.forget,
    close() {
      quota.forget()
      above.say()
    },
  }
}

function limitsOf({ eventQuota }: Pick<DeviceConfig, 'eventQuota'>): EventQuotaLimits {
  return { eventsPerSecond: LIMITS.eventsPerSecond, burst: LIMITS.eventBurst, ...eventQuota }
}
