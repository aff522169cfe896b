// What the devices of the benchmark `bridge` speak.

import { defineContract } from '../../../dist/contract/index.js'

export const meter = defineContract({
  name: 'meter',
  version: '1',
  actions: { burst: { args: { count: 'u32' }, result: 'u32' }, alarms: { args: { count: 'u32' }, result: 'u8' } },
  events: { reading: { fields: { n: 'u32' } }, alarm: { fields: { n: 'u32' }, acknowledged: true } },
})

/** Of events_portwire.cpp. */
export const nativeMeter = defineContract({
  name: 'meter',
  version: '1',
  actions: { burst: { args: { count: 'u32' }, result: 'u32' } },
  events: { reading: { fields: { n: 'u32', celsius: 'f32' } } },
})
