/** The embedded broker keeps the session of its gateway, and sends again what it saw no PUBACK for. */

import { expect, onTestFinished, test } from 'vitest'
import { startBroker } from '../../../src/gateway/broker/broker.js'
import { silentLog } from '../../../src/gateway/log.js'
import { connectClient } from '../mqtt-client.js'
import { startProxy } from '../proxy.js'
import { startTestGateway } from '../support.js'
import { until } from '../until.js'

async function start() {
  const broker = await startBroker(0, silentLog)
  onTestFinished(() => broker.close())
  const proxy = await startProxy(broker.port)
  const server = { kind: 'external', url: proxy.url } as const
  const { port, log, gateway } = await startTestGateway({ server, version: 4, ...broker.own })
  const client = await connectClient(broker.url, ['portwire/greenhouse/response'])
  onTestFinished(() => client.end())
  port.answer = async () => 1
  const send = (transaction: number) =>
    client.publish('portwire/greenhouse/call/setVent', { open: transaction / 10, transaction })
  const answered = (number: number) =>
    client.next('portwire/greenhouse/response', ({ json }) => json['transaction'] === number)
  return { proxy, port, log, gateway, client, send, answered }
}

test('a command whose PUBACK was lost with the link comes again, marked as such, and is not run again', async () => {
  const { proxy, port, log, client, send, answered } = await start()
  const { call } = port
  port.call = (...args) => {
    if (port.calls.length === 0) proxy.cut()
    return call(...args)
  }
  await Promise.all([0, 1, 2, 3, 4].map(send))
  await until(() => log.some((line) => line.includes('came again')), 8_000, 'one comes again')
  await send(5)
  for (const transaction of [0, 1, 2, 3, 4, 5]) await answered(transaction)
  expect(port.calls.map(({ args }) => args)).toEqual([0, 1, 2, 3, 4, 5].map((n) => ({ open: n / 10 })))
  expect(client.messages).toHaveLength(6)
})

test('a command that was sent while the link was down is run once, when it is back', async () => {
  const { proxy, port, log, gateway, send, answered } = await start()
  await send(1)
  await answered(1)
  proxy.cut()
  await until(() => !gateway.mqtt().connected, 5_000, 'the link is lost')
  await send(2)
  await answered(2)
  await send(3)
  await answered(3)
  expect(port.calls.map(({ args }) => args)).toEqual([{ open: 0.1 }, { open: 0.2 }, { open: 0.3 }])
  expect(log.filter((line) => line.includes('came again'))).toEqual([])
})
