/** Home Assistant's side of the gateway: says what devices there are, takes back what is gone, and says everything again when Home
 * Assistant comes back. */

import type { Clock, Random } from '../../clock.js'
import { LIMITS } from '../limits.js'
import type { Log } from '../log.js'
import type { MqttPipe } from '../mqtt/pipe.js'
import type { Inbound } from '../mqtt/publication.js'
import type { Topics } from '../topics.js'
import {
  type DiscoveryDevice,
  type DiscoveryPayload,
  deviceDiscovery,
  gatewayDiscovery,
  gatewayObjectId,
  isOwnId,
  objectId,
} from './discovery.js'
import { createPublished } from './published.js'
import { foundConfig } from './stale.js'

export interface HomeAssistantConfig {
  /** Where Home Assistant looks for discovery. */
  readonly discoveryTopic: string
  /** Where Home Assistant says `online`. */
  readonly statusTopic: string
}

export interface HomeAssistant {
  /** The link to the broker is there, or gone. */
  linked(isUp: boolean): void
  /** True when the message was for this side. */
  take(inbound: Inbound): boolean
  devicesChanged(): void
  close(): void
}

export interface HomeAssistantOptions {
  readonly config: HomeAssistantConfig
  readonly clientId: string
  readonly version: string
  readonly topics: Topics
  readonly pipe: Pick<MqttPipe, 'publish' | 'publishLatest' | 'subscribe' | 'unsubscribe' | 'sayAgain'>
  readonly devices: () => readonly DiscoveryDevice[]
  readonly canRestart: boolean
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
}

const NAMESPACE = 'portwire:homeassistant'

export function createHomeAssistant(options: HomeAssistantOptions): HomeAssistant {
  const { config, clientId, pipe, clock, log } = options
  const all = `${config.discoveryTopic}/device/+/config`
  const topicOf = (id: string) => `${config.discoveryTopic}/device/${id}/config`
  const published = createPublished({ pipe, payloads, log: (line) => log('info', NAMESPACE, line) })
  let found = 0
  let isLooking = true
  let cancelLooking: (() => void) | undefined
  let cancelBirth: (() => void) | undefined

  pipe.subscribe(config.statusTopic)

  function payloads(): ReadonlyMap<string, DiscoveryPayload> {
    const own = gatewayDiscovery(options, options.canRestart)
    const devices = options
      .devices()
      .map((device) => [topicOf(objectId(clientId, device.name)), deviceDiscovery(device, options)] as const)
    return new Map([[topicOf(gatewayObjectId(clientId)), own], ...devices])
  }

  /** What the broker had kept is known as far as it ever will be. */
  function looked() {
    cancelLooking = undefined
    isLooking = false
    pipe.unsubscribe(all)
    published.sync()
  }

  /** Many gateways must not answer at once, and Home Assistant has to have set up what it has discovered. */
  function homeAssistantStarted() {
    if (cancelBirth) return
    const { birthMinMs, birthMaxMs } = LIMITS
    const inMs = birthMinMs + options.random() * (birthMaxMs - birthMinMs)
    log('info', NAMESPACE, `Home Assistant has started; everything is said again in ${Math.round(inMs / 1_000)} s`)
    cancelBirth = clock.after(inMs, () => {
      cancelBirth = undefined
      pipe.sayAgain()
    })
  }

  return {
    linked(isUp) {
      cancelLooking?.()
      cancelLooking = undefined
      if (!isUp || !isLooking) return
      pipe.subscribe(all)
      cancelLooking = clock.after(LIMITS.staleDiscoveryMs, looked)
    },
    take({ topic, payload, retain }) {
      if (topic === config.statusTopic) {
        // A retained one says that Home Assistant was started some time ago: it has heard what is retained.
        if (!retain && payload.toString() === 'online') homeAssistantStarted()
        return true
      }
      const id = topic.slice(config.discoveryTopic.length + 1).split('/')[1] ?? ''
      // No more than was subscribed to: the base topic may be below the discovery topic, and commands come there.
      if (topic !== topicOf(id)) return false
      // What is found may be published on later: a topic that this gateway would not have made is left alone.
      if (!isLooking || found >= LIMITS.staleDiscoveries || !isOwnId(id, clientId)) return true
      const components = foundConfig(payload, clientId)
      if (components) {
        found += 1
        published.found(topic, components)
      }
      return true
    },
    devicesChanged() {
      if (!isLooking) published.sync()
    },
    close() {
      cancelLooking?.()
      cancelBirth?.()
    },
  }
}
