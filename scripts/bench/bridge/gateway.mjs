// A gateway in this process with one spawned device, whose port the benchmark holds as well.

import { fileURLToPath } from 'node:url'
import { MQTT_DEFAULTS, OUTBOX_DEFAULTS, startGateway } from '../../../dist/gateway/index.js'
import { createPort } from '../../../dist/index.js'
import { meter } from './contract.mjs'

const DEVICE = fileURLToPath(new URL('./device.mjs', import.meta.url))

/** @param outbox  folder of the outbox; undefined: in memory
 * @param clientId  the name at the broker, one of its own
 * @param consumeOptions  in place of the gateway's own
 * @param openOutboxFolder  in place of the disk's */
export async function startSpawned({ url, outbox, clientId, consumeOptions, openOutboxFolder }) {
  let port
  const openPort = ({ name }) => {
    port = createPort(meter, { spawn: process.execPath, args: [DEVICE], name })
    return consumeOptions
      ? { ...port, consume: (event, consumer) => port.consume(event, consumer, consumeOptions) }
      : port
  }
  const gateway = await startGateway(
    {
      mqtt: { ...MQTT_DEFAULTS, server: { kind: 'external', url }, clientId, baseTopic: clientId },
      ...(outbox && { outbox: { ...OUTBOX_DEFAULTS, dir: outbox } }),
      devices: [{ name: 'meter', target: { spawn: DEVICE }, contract: meter, retain: false }],
      shown: {},
    },
    { openPort, ...(openOutboxFolder && { openOutboxFolder }) },
  )
  await Promise.all([gateway.connected, port.ready()])
  return { gateway, port }
}
