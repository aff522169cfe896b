import { expect, test } from 'vitest'
import type { Contract } from '../../../src/contract/index.js'
import { openDevicePort } from '../../../src/gateway/device/open-port.js'
import { greenhouse } from '../../../src/testing/greenhouse.js'

const CONFIG = {
  name: 'greenhouse',
  target: { serial: '/dev/ttyPortwireNone' },
  contract: greenhouse as unknown as Contract,
  retain: true,
}

test.each([{ heartbeatMs: -1 }, { missedHeartbeats: 1 }, { readyTimeoutMs: 0 }, { callTimeoutMs: 0 }])(
  'a port gets the options of its device: one that no port takes is refused, %o',
  (option) => {
    expect(() => openDevicePort({ ...CONFIG, ...option })).toThrow(`ARGUMENT_INVALID: ${Object.keys(option)[0]}: `)
  },
)
