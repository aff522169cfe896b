/** A device that could not be started at a reload. */

import { describe, expect, onTestFinished, test } from 'vitest'
import type { Contract } from '../../src/contract/index.js'
import { PortwireError } from '../../src/errors.js'
import { type DeviceConfig, type GatewayConfig, startGateway } from '../../src/gateway/index.js'
import { greenhouse } from '../../src/testing/greenhouse.js'
import { createFakePort } from './fake-port.js'
import { configWith, EMBEDDED } from './support.js'

const contract = greenhouse as unknown as Contract
const device = (name: string): DeviceConfig => ({ name, target: { serial: `/dev/${name}` }, contract, retain: true })

describe('reload of a gateway, program or board behind it', () => {
  test('a device that could not be started is tried again by the next one, and no other is touched', async () => {
    const config: GatewayConfig = { ...configWith({ server: EMBEDDED }), devices: [device('same')] }
    const opened: string[] = []
    let isBroken = true
    const log: string[] = []
    const gateway = await startGateway(config, {
      openPort({ name }) {
        if (name === 'late' && isBroken) throw new PortwireError('ARGUMENT_INVALID', 'an option that is none')
        opened.push(name)
        return createFakePort()
      },
      log: (_level, namespace, message) => log.push(`${namespace} ${message}`),
    })
    onTestFinished(() => gateway.close())
    const reload = () => gateway.reload(() => ({ ...config, devices: [device('same'), device('late')] }))
    expect(await reload()).toMatchObject({ kept: ['same'], added: ['late'] })
    expect(log).toContain('portwire:late it could not be started: ARGUMENT_INVALID: an option that is none')
    isBroken = false
    expect(await reload()).toMatchObject({ kept: ['same'], changed: ['late'], added: [] })
    expect(opened).toEqual(['same', 'late'])
    expect(gateway.devices().map(({ name }) => name)).toEqual(['same', 'late'])
  })
})
