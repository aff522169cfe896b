/** A gateway for tests, over fake ports and whichever broker the test wants. */

import { onTestFinished } from 'vitest'
import type { Contract } from '../../src/contract/index.js'
import type { MqttConfig } from '../../src/gateway/index.js'
import {
  type Gateway,
  type GatewayConfig,
  type GatewayOptions,
  MQTT_DEFAULTS,
  startGateway,
} from '../../src/gateway/index.js'
import { greenhouse } from '../../src/testing/greenhouse.js'
import { createFakePort, type FakePort } from './fake-port.js'
import { connectClient, type TestClient } from './mqtt-client.js'

export interface Running {
  readonly gateway: Gateway
  readonly port: FakePort
  /** Lines of its log, level first. */
  readonly log: string[]
}

/** Brokers of the machine answer at once, so that a test does not wait for the usual pause. */
export const QUICK = { reconnectMinMs: 20, reconnectMaxMs: 50 } as const

/** For tests that send more at once than a device may, and ask something else. */
const NO_QUOTA = { eventsPerSecond: 100_000, burst: 100_000 } as const

export function configWith(mqtt: Partial<MqttConfig> & Pick<MqttConfig, 'server'>): GatewayConfig {
  return {
    mqtt: { ...MQTT_DEFAULTS, ...QUICK, ...mqtt },
    devices: [
      {
        name: 'greenhouse',
        target: { serial: '/dev/fake' },
        contract: greenhouse as unknown as Contract,
        retain: true,
        eventQuota: NO_QUOTA,
      },
    ],
    shown: { version: 1 },
  }
}

export const EMBEDDED = { kind: 'embedded', port: 0 } as const

/** Starts a gateway over a fake port, connected, and ends it with the test. */
export async function startTestGateway(
  mqtt: Partial<MqttConfig> & Pick<MqttConfig, 'server'>,
  options: GatewayOptions = {},
): Promise<Running> {
  const port = createFakePort()
  const log: string[] = []
  const gateway = await startGateway(configWith(mqtt), {
    openPort: () => port,
    log: (level, namespace, message) => log.push(`${level} ${namespace} ${message}`),
    ...options,
  })
  onTestFinished(() => gateway.close())
  await gateway.connected
  return { gateway, port, log }
}

export async function clientOf(gateway: Gateway, topics?: readonly string[], options = {}): Promise<TestClient> {
  const client = await connectClient(gateway.brokerUrl, topics, options)
  onTestFinished(() => client.end())
  return client
}
