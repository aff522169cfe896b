/** What others may do to the gateway: flood it, send it nonsense, make it say what nobody takes. */

import { expect, onTestFinished, test } from 'vitest'
import { LIMITS, startGateway } from '../../src/gateway/index.js'
import { createFakePort, type FakePort } from './fake-port.js'
import { clientOf, configWith, EMBEDDED, startTestGateway } from './support.js'

test('more commands at once than there are places are refused, not queued without end', async () => {
  const { gateway, port } = await startTestGateway({ server: EMBEDDED })
  const client = await clientOf(gateway, ['portwire/greenhouse/response'])
  const release: (() => void)[] = []
  port.answer = () => new Promise((resolve) => release.push(() => resolve(1)))
  for (let i = 0; i < 17; i++) void client.publish('portwire/greenhouse/call/setVent', { open: 1, transaction: i })
  const refused = await client.next('portwire/greenhouse/response')
  expect(refused.json).toMatchObject({
    error: 'too many commands at once (16); nothing was sent',
    result: 'nak',
    transaction: 16,
  })
  for (const answer of release) answer()
  await client.heard(17)
  expect(client.messages).toHaveLength(17)
})

test('a flood of commands to a device that is out holds up neither another device nor the bridge', async () => {
  const ports = new Map<string, FakePort>()
  const config = configWith({ server: EMBEDDED })
  const [device] = config.devices
  const gateway = await startGateway(
    { ...config, devices: [device!, { ...device!, name: 'out', target: { serial: '/dev/fake2' } }] },
    {
      openPort: ({ name }) => {
        const port = createFakePort()
        ports.set(name, port)
        return port
      },
    },
  )
  onTestFinished(() => gateway.close())
  await gateway.connected
  ports.get('out')!.answer = () => new Promise(() => {})
  const flood = await clientOf(gateway, [])
  const client = await clientOf(gateway)
  const flooded = Array.from({ length: 500 }, (_, i) => flood.publish('portwire/out/call/setVent', { transaction: i }))
  const startMs = performance.now()
  await client.publish('portwire/greenhouse/call/setVent', { open: 1, transaction: 'other' })
  await client.publish('portwire/bridge/request/device/restart', { id: 'greenhouse', transaction: 'bridge' })
  await client.next('portwire/greenhouse/response', ({ json }) => json['transaction'] === 'other')
  await client.next('portwire/bridge/response/device/restart', ({ json }) => json['transaction'] === 'bridge')
  expect(performance.now() - startMs).toBeLessThan(2_000)
  await Promise.all(flooded)
  expect(ports.get('out')!.calls).toHaveLength(LIMITS.commandsPerDevice)
  await client.heard(500 - 16, ({ topic }) => topic === 'portwire/out/response')
})

test.each([
  ['lists', `${'['.repeat(6_000)}${']'.repeat(6_000)}`],
  ['tables', `${'{"a":'.repeat(6_000)}1${'}'.repeat(6_000)}`],
])('a transaction of %s in each other, 6,000 deep, is refused', async (_name, deep) => {
  const { gateway } = await startTestGateway({ server: EMBEDDED })
  const client = await clientOf(gateway)
  await client.publish('portwire/greenhouse/call/setVent', `{"open":1,"transaction":${deep}}`)
  const reply = await client.next('portwire/greenhouse/response')
  expect(reply.json).toMatchObject({ error: 'the payload is nested more than 32 deep', result: 'nak', outcome: 'no' })
  await client.publish('portwire/bridge/request/device/restart', `{"transaction":${deep}}`)
  const response = await client.next('portwire/bridge/response/device/restart')
  expect(response.json).toMatchObject({ error: 'the payload is nested more than 32 deep', status: 'error' })
})

test('a result that cannot be said in JSON ends its command, and nothing else', async () => {
  const { gateway, port, log } = await startTestGateway({ server: EMBEDDED })
  const client = await clientOf(gateway)
  let deep: unknown = 1
  for (let i = 0; i < 20_000; i++) deep = [deep]
  port.answer = async () => deep
  await client.publish('portwire/greenhouse/call/setVent', { open: 1, transaction: 1 })
  // The bridge passes on what it logs.
  await client.next('portwire/bridge/logging', ({ text }) => text.includes('could not be answered'))
  expect(log.some((line) => line.includes('could not be answered'))).toBe(true)
  port.answer = async () => 1
  await client.publish('portwire/greenhouse/call/setVent', { open: 1, transaction: 2 })
  await client.next('portwire/greenhouse/response', ({ json }) => json['transaction'] === 2)
})

test('what a stranger has sent is cut and escaped in answers and in the log', async () => {
  const { gateway, log } = await startTestGateway({ server: EMBEDDED })
  const client = await clientOf(gateway)
  await client.publish('portwire/bridge/request/device/restart', { id: `\u001b[2J${'x'.repeat(200_000)}` })
  const { json } = await client.next('portwire/bridge/response/device/restart')
  expect(json['error']).toMatch(/^no device named \\x1b\[2Jx{60}…; there are: greenhouse$/)
  await client.publish('portwire/greenhouse/call/a\u001b[2J', '', { retain: true })
  await client.publish('portwire/greenhouse/call/setVent', '{}', { retain: true })
  expect(log.join('')).not.toContain('\u001b')
})

test('a loss while connected is said: a message that the embedded broker does not take, once by its topic', async () => {
  const { gateway, port, log } = await startTestGateway({ server: EMBEDDED })
  const client = await clientOf(gateway)
  const text = 'x'.repeat(LIMITS.brokerPacketBytes)
  for (let i = 0; i < 2; i++) {
    port.answer = async () => text
    await client.publish('portwire/greenhouse/call/setVent', { open: 1, transaction: i })
    const said = await client.next(
      'portwire/bridge/event',
      ({ json }) => json['type'] === 'messages_dropped',
      client.messages.length,
    )
    expect(said.json).toEqual({ type: 'messages_dropped', data: { count: 1, reason: 'too_long' } })
    const answer = await client.next('portwire/greenhouse/response', ({ json }) => json['transaction'] === i)
    expect(answer.json).toMatchObject({
      data: {},
      error: expect.stringMatching(/^the answer is longer than the broker takes: 2621\d\d bytes$/),
      result: 'nak',
      outcome: 'yes',
    })
  }
  expect(gateway.mqtt()).toMatchObject({ connected: true, reconnects: 0, dropped: { tooLong: 2 } })
  expect(log.filter((line) => line.includes('portwire/greenhouse/response: dropped'))).toHaveLength(1)
})
