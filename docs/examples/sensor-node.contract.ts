/** What the sensor node offers; the sketch is firmware/lib/portwire/examples/SensorNode. */

import { defineContract } from 'portwire'

export const sensorNode = defineContract({
  name: 'sensor_node',
  version: '1.0',
  actions: {
    setPump: {
      doc: 'Switches the pump; answers what it is now.',
      args: { on: 'bool' },
      result: 'bool',
      idempotent: true,
    },
    setInterval: {
      doc: 'Time between two measurements.',
      args: { ms: { type: 'u16', unit: 'ms', min: 10, max: 60_000 } },
      result: 'u16',
      idempotent: true,
    },
  },
  events: {
    measured: {
      doc: 'One measurement; the board keeps it until it is stored here.',
      fields: { atMs: { type: 'u32', unit: 'ms', doc: 'since the board booted' }, raw: 'u16' },
      acknowledged: true,
    },
  },
})
