/** The contract of the reference firmware (firmware/src), a small greenhouse controller. */

import { defineContract } from '../contract/index.js'

export const greenhouse = defineContract({
  name: 'greenhouse',
  version: '1',
  actions: {
    identify: {
      doc: 'Toggles the LED on the board, so that you see which one it is.',
      entity: { component: 'button', deviceClass: 'identify', entityCategory: 'diagnostic' },
    },
    setVent: {
      doc: 'Opens the vent; answers the position taken.',
      args: { open: { type: 'f32', min: 0, max: 1, doc: '0 is shut, 1 is wide open' } },
      result: 'f32',
      idempotent: true,
      entity: {
        component: 'number',
        name: 'Vent',
        state: 'vent.open',
        step: 0.01,
        mode: 'slider',
        icon: 'mdi:window-open',
      },
    },
    setLamp: {
      doc: 'Switches the lamp.',
      args: { on: 'bool' },
      result: 'bool',
      idempotent: true,
      entity: { component: 'light', name: 'Lamp', state: 'lamp.on' },
    },
    readClimate: {
      doc: 'Reads both probes now.',
      result: { celsius: { type: 'f32', unit: '°C' }, humidity: { type: 'f32', unit: '%' } },
      idempotent: true,
    },
    setAlarmLimit: {
      doc: 'The temperature above which the alarm is raised.',
      args: { celsius: { type: 'f32', unit: '°C' } },
      result: 'f32',
      idempotent: true,
    },
    setInterval: {
      doc: 'Time between two readings.',
      args: { ms: { type: 'u16', unit: 'ms', min: 100, max: 60_000 } },
      result: 'u16',
      idempotent: true,
    },
    echo: {
      doc: 'Answers what it was given; for testing the line.',
      args: { data: { type: 'bytes', maxBytes: 32 } },
      result: { type: 'bytes', maxBytes: 32 },
      idempotent: true,
    },
    blink: { doc: 'Blinks the LED.', args: { times: 'u8' } },
    settle: {
      doc: 'Waits for the probes to settle, without returning to loop(): nothing else is served meanwhile.',
      args: { ms: { type: 'u16', unit: 'ms' } },
    },
    calibrate: {
      index: 13,
      doc: 'Calibrates a probe as a job: ten steps of 100 ms, told one by one; answers the offset found.',
      args: { probe: { type: 'u8', max: 1 } },
      stream: { step: 'u8', of: 'u8' },
      result: { type: 'f32', unit: '°C' },
    },
  },
  events: {
    reading: {
      index: 9,
      doc: 'Both probes, once an interval.',
      fields: {
        celsius: {
          type: 'f32',
          unit: '°C',
          entity: {
            component: 'sensor',
            name: 'Temperature',
            deviceClass: 'temperature',
            stateClass: 'measurement',
            suggestedDisplayPrecision: 1,
            read: 'readClimate',
          },
        },
        humidity: {
          type: 'f32',
          unit: '%',
          entity: {
            component: 'sensor',
            name: 'Humidity',
            deviceClass: 'humidity',
            stateClass: 'measurement',
            suggestedDisplayPrecision: 0,
            read: 'readClimate',
          },
        },
      },
    },
    alarm: {
      doc: 'The temperature crossed the limit, upwards (high) or back down.',
      fields: {
        celsius: { type: 'f32', unit: '°C' },
        high: { type: 'bool', entity: { component: 'binary_sensor', name: 'Alarm', deviceClass: 'problem' } },
      },
      acknowledged: true,
    },
    vent: { doc: 'The vent moved.', fields: { open: 'f32' } },
    lamp: { doc: 'The lamp was switched.', fields: { on: 'bool' } },
  },
  requests: {
    getSetpoint: {
      index: 14,
      doc: 'The temperature that a zone should have; the controller asks when it starts and once a minute.',
      args: { zone: 'u8' },
      result: { type: 'f32', unit: '°C' },
    },
  },
})
