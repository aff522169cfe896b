/** A port over a scripted device in virtual time. */

import type { ContractDefinition } from '../../src/contract/index.js'
import { createPort, type OpenOptions, type Port, type PortNotice } from '../../src/index.js'
import { greenhouse } from '../../src/testing/greenhouse.js'
import { createVirtualClock, type VirtualClock } from '../../src/testing/virtual-clock.js'
import type { DeviceHello } from '../../src/wire/index.js'
import { createScriptedDevice, type ScriptedDevice } from './scripted-device.js'

export interface Harness {
  readonly clock: VirtualClock
  readonly device: ScriptedDevice
  readonly port: Port<(typeof greenhouse)['definition']>
  readonly notices: PortNotice[]
}

type Options = Partial<Omit<OpenOptions<(typeof greenhouse)['definition']>, 'clock'>>

/** The port has been started; the device has said nothing yet. */
export function startPort(options: Options = {}, device: { readonly lossless?: boolean } = {}): Harness {
  const clock = createVirtualClock()
  const scripted = createScriptedDevice({ contract: greenhouse, clock, ...device })
  const port = createPort(greenhouse, { random: () => 0.5, ...options, link: scripted.connector, clock } as OpenOptions<
    (typeof greenhouse)['definition'] & ContractDefinition
  >)
  const notices: PortNotice[] = []
  port.watch((notice) => notices.push(notice))
  return { clock, device: scripted, port, notices }
}

/** A port with a running session; what it took to get there is taken from `device`. */
export async function runningPort(
  options: Options = {},
  hello: Partial<DeviceHello> = {},
  link: { readonly lossless?: boolean } = {},
): Promise<Harness> {
  const harness = startPort(options, link)
  harness.device.autoHello(hello)
  await harness.clock.until(harness.port.ready())
  await harness.clock.advance(1)
  harness.device.take()
  return harness
}
