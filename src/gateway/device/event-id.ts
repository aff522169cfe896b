/** Ids of events: at-least-once delivery brings duplicates, and consumers know them by the id. */

import type { EventMeta } from '../../port/types.js'

/** Gives each event its id. A reliable event has one from its device, stable over resends and restarts; a plain one gets
 * `device:epoch:run-number`, where run names this start of the device by the gateway: the count begins anew with it.
 * @param run 8 hex digits, drawn at that start */
export function createEventIds(device: string, run: string): (meta: EventMeta) => string {
  let plain = 0
  let epoch: number | undefined
  let prefix = ''
  return (meta) => {
    if (meta.id !== undefined) return meta.id
    if (meta.epoch !== epoch) {
      epoch = meta.epoch
      prefix = `${device}:${epoch.toString(16).padStart(8, '0')}:${run}-`
    }
    const id = prefix + plain
    plain += 1
    return id
  }
}
