/** What is told of a device that has no port, as its tty is that of another device. */

import { describeIdentity } from '../../link/index.js'
import type { DeviceTarget } from './config.js'

/** In place of the info of a port. */
export function infoInQuarantine(target: DeviceTarget) {
  return { link: pathOf(target), state: 'quarantined', session: 0, restarts: 0, device: undefined } as const
}

function pathOf(target: DeviceTarget): string {
  if (!('serial' in target)) return ''
  return typeof target.serial === 'string' ? target.serial : describeIdentity(target.serial)
}
