/** What the thermostat offers and asks; the sketch is firmware/lib/portwire/examples/Thermostat. */

import { defineContract } from 'portwire'

export const thermostat = defineContract({
  name: 'thermostat',
  version: '1.0',
  actions: {
    read: {
      doc: 'Answers the temperature, and whether the heater is on.',
      result: { celsius: { type: 'f32', unit: '°C' }, heating: 'bool' },
      idempotent: true,
    },
  },
  events: {
    heater: { doc: 'The heater was switched.', fields: { on: 'bool', celsius: { type: 'f32', unit: '°C' } } },
  },
  requests: {
    setpoint: {
      doc: 'The temperature to keep; the board asks once a second. Without an answer for ten seconds it heats no more.',
      result: { type: 'f32', unit: '°C' },
    },
  },
})
