/** The gateway with the real Port over a mock board. */

import { expect, onTestFinished, test } from 'vitest'
import type { Contract } from '../../src/contract/index.js'
import { startGateway } from '../../src/gateway/index.js'
import { greenhouse } from '../../src/testing/greenhouse.js'
import { createMockGreenhouse } from '../../src/testing/mock-greenhouse.js'
import { clientOf, configWith, EMBEDDED } from './support.js'

async function startWithBoard() {
  const board = createMockGreenhouse({ bootMs: 20 })
  const { path, binding, onArrival } = board
  const device = {
    name: 'greenhouse',
    target: { serial: path, binding, onArrival },
    contract: greenhouse as unknown as Contract,
    retain: true,
  }
  const gateway = await startGateway({ ...configWith({ server: EMBEDDED }), devices: [device] })
  onTestFinished(() => gateway.close())
  await gateway.connected
  return { board, gateway, client: await clientOf(gateway) }
}

const AVAILABILITY = 'portwire/greenhouse/availability'

test('readings of a board arrive, and calls reach it', async () => {
  const { client } = await startWithBoard()
  await client.next(AVAILABILITY, ({ json }) => json['state'] === 'online')
  await client.publish('portwire/greenhouse/call/setInterval', { ms: 100, transaction: 1 })
  expect((await client.next('portwire/greenhouse/response')).json).toEqual({ data: 100, status: 'ok', transaction: 1 })
  const reading = await client.next('portwire/greenhouse/event/reading')
  expect(reading.json).toMatchObject({ celsius: 21, humidity: 45 })
  await client.publish('portwire/greenhouse/call/echo', { data: 'AQID', transaction: 2 })
  const echo = await client.next('portwire/greenhouse/response', ({ json }) => json['transaction'] === 2)
  expect(echo.json['data']).toBe('AQID')
})

test('arguments that do not fit are refused, with the contract in words', async () => {
  const { client } = await startWithBoard()
  await client.publish('portwire/greenhouse/call/setVent', { open: 4, transaction: 1 })
  expect((await client.next('portwire/greenhouse/response')).json).toEqual({
    data: {},
    error: 'ARGUMENT_INVALID: setVent.open: 4 is not in 0 to 1',
    status: 'error',
    result: 'nak',
    outcome: 'no',
    transaction: 1,
  })
})

test('a cable that is pulled makes the device offline, and online again when it is back', async () => {
  const { board, client, gateway } = await startWithBoard()
  await client.next(AVAILABILITY, ({ json }) => json['state'] === 'online')
  let seen = client.messages.length
  board.unplug()
  await client.next(AVAILABILITY, ({ json }) => json['state'] === 'offline', seen)
  seen = client.messages.length
  board.plug()
  await client.next(AVAILABILITY, ({ json }) => json['state'] === 'online', seen)
  expect(gateway.devices()[0]).toMatchObject({ state: 'running', session: 2, restarts: 1 })
  await client.publish('portwire/greenhouse/call/setVent', { open: 0.4, transaction: 9 })
  const reply = await client.next('portwire/greenhouse/response', ({ json }) => json['transaction'] === 9)
  expect(reply.json).toEqual({ data: 0.4, status: 'ok', transaction: 9 })
})

test('a reliable event reaches the broker with the id of its device', async () => {
  const { board, client } = await startWithBoard()
  await client.next(AVAILABILITY, ({ json }) => json['state'] === 'online')
  board.setClimate(35, 20)
  await client.publish('portwire/greenhouse/call/setInterval', { ms: 100 })
  const alarm = await client.next('portwire/greenhouse/event/alarm')
  expect(alarm.json).toMatchObject({ celsius: 35, high: true })
  expect(alarm.json['id']).toMatch(/^greenhouse:[0-9a-f]{8}:0$/)
})

test('a restart that is asked for opens the port again', async () => {
  const { client, gateway } = await startWithBoard()
  await client.next(AVAILABILITY, ({ json }) => json['state'] === 'online')
  const seen = client.messages.length
  await client.publish('portwire/bridge/request/device/restart', { id: 'greenhouse', transaction: 1 })
  await client.next('portwire/bridge/response/device/restart', ({ json }) => json['status'] === 'ok')
  await client.next(AVAILABILITY, ({ json }) => json['state'] === 'online', seen)
  const event = await client.next('portwire/bridge/event', ({ json }) => json['type'] === 'device_restarted')
  expect(event.json['data']).toMatchObject({ name: 'greenhouse', reason: 'requested', attempt: 1 })
  expect(gateway.devices()[0]).toMatchObject({ session: 2, restarts: 1 })
})
