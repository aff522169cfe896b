/** The outbox on disk of a gateway, with what it has to say said on the gateway's topics. */

import type { Clock } from '../../clock.js'
import { PortwireError } from '../../errors.js'
import type { Bridge } from '../bridge/bridge.js'
import { LIMITS } from '../limits.js'
import type { Log } from '../log.js'
import { createLosses } from '../losses.js'
import type { Topics } from '../topics.js'
import type { OutboxConfig } from './config.js'
import { createDurableOutbox } from './durable-outbox.js'
import { createLevelFolder } from './level-folder.js'
import { type OutboxFolder, OutboxHeldError } from './store.js'
import type { DurableOutbox } from './types.js'

/** mqtt.js gives a connection up when it has heard nothing for so many keepalives. */
const UNNOTICED_KEEPALIVES = 1.5

export interface OpenOutboxOptions {
  readonly config: OutboxConfig
  readonly topics: Topics
  readonly keepaliveSeconds: number
  readonly clock: Clock
  readonly log: Log
  /** Undefined for as long as there is none. */
  readonly bridge: () => Pick<Bridge, 'say' | 'outboxChanged'> | undefined
  readonly ready: () => void
  readonly openFolder?: (path: string) => OutboxFolder
}

/** Resolves when what was stored has been looked at; or when that cannot be done now, and is tried again.
 * @throws OUTBOX_BUSY  another gateway has it open */
export async function openDurableOutbox(options: OpenOutboxOptions): Promise<DurableOutbox> {
  const { config, topics, clock, log, bridge, openFolder = createLevelFolder } = options
  const rejected = createLosses<string>({
    clock,
    afterMs: LIMITS.lossesSaidMs,
    say: (name, count) => bridge()?.say({ type: 'events_dropped', data: { name, count, reason: 'full' } }),
  })
  const outbox = createDurableOutbox({
    ...config,
    folder: openFolder(config.dir),
    unnoticedMs: options.keepaliveSeconds * 1_000 * UNNOTICED_KEEPALIVES,
    clock,
    now: () => new Date(),
    reportTopic: topics.bridgeEvent,
    rejected: (device) => rejected.add(device),
    alarm: (alarm) => bridge()?.outboxChanged(alarm),
    ready: options.ready,
    log,
  })
  try {
    await outbox.started
  } catch (error) {
    await outbox.close()
    if (!(error instanceof OutboxHeldError)) throw error
    throw new PortwireError('OUTBOX_BUSY', error.message, { cause: error })
  }
  return {
    ...outbox,
    get info() {
      return outbox.info
    },
    async close() {
      rejected.say()
      rejected.close()
      await outbox.close()
    },
  }
}
