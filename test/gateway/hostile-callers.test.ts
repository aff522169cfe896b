/** What a hostile broker, or whoever publishes there, may do: floods of commands, huge and broken ones; and a wall clock that jumps. */

import { expect, onTestFinished, test, vi } from 'vitest'
import { createEventQuota } from '../../src/gateway/device/event-quota.js'
import { createDeviceLog } from '../../src/gateway/device/log.js'
import { LIMITS } from '../../src/gateway/index.js'
import { createVirtualClock } from '../../src/testing/index.js'
import { clientOf, EMBEDDED, startTestGateway } from './support.js'
import { until } from './until.js'

const BROKEN = [
  '{',
  '[]',
  'null',
  '"x"',
  '{"a":1}}',
  '{"a":}',
  "{'a':1}",
  '{"open":NaN}',
  '{"open":null}',
  '\ufeff{}',
  '{"__proto__":{"open":1}}',
  '{"constructor":{"prototype":{"open":1}}}',
  '\0',
  '{"open":1e999}',
  '{"open":"0.5; rm -rf /"}',
]

test('T13: commands that are no commands are refused, each with an answer', async () => {
  const { gateway, port } = await startTestGateway({ server: EMBEDDED })
  const client = await clientOf(gateway, ['portwire/greenhouse/response'])
  // As the real port does with arguments that do not fit.
  port.answer = async (_action, args) => {
    throw new Error(`refused: ${JSON.stringify(args)}`)
  }
  for (const text of BROKEN) await client.publish('portwire/greenhouse/call/setVent', text)
  await client.heard(BROKEN.length)
  for (const { json } of client.messages) expect(json).toMatchObject({ status: 'error', result: 'nak' })
  expect(({} as Record<string, unknown>)['open']).toBeUndefined()
})

test('T13: a command as long as the broker takes is refused, and the gateway stays connected', async () => {
  const { gateway } = await startTestGateway({ server: EMBEDDED })
  const client = await clientOf(gateway)
  const fill = 'x'.repeat(LIMITS.brokerPacketBytes - 200)
  await client.publish('portwire/greenhouse/call/setVent', fill)
  await client.publish('portwire/greenhouse/call/setVent', JSON.stringify({ open: 1, transaction: 'after' }))
  await client.next('portwire/greenhouse/response', ({ json }) => json['transaction'] === 'after')
  expect(gateway.mqtt()).toMatchObject({ connected: true, reconnects: 0 })
})

test('T13: of 600 commands at once each is answered or its refusal is in the log, and events still pass', async () => {
  const { gateway, port, log } = await startTestGateway({ server: EMBEDDED })
  const client = await clientOf(gateway)
  port.answer = () => new Promise((resolve) => setTimeout(() => resolve(1), 20))
  const sent = 600
  const all = Array.from({ length: sent }, (_, i) =>
    client.publish('portwire/greenhouse/call/setVent', { open: 1, transaction: i }),
  )
  await port.emit('reading', { celsius: 1, humidity: 1 })
  await Promise.all(all)
  await client.next('portwire/greenhouse/event/reading')
  await client.publish('portwire/greenhouse/call/setVent', { open: 1, transaction: 'last' })
  await client.next('portwire/greenhouse/response', ({ json }) => json['transaction'] === 'last')
  const answers = () => client.messages.filter(({ topic }) => topic === 'portwire/greenhouse/response').length
  const logged = () => log.filter((line) => line.includes('nor is it answered')).length
  const leftOut = () => log.reduce((sum, line) => sum + Number(/(\d+) log lines were left out/.exec(line)?.[1] ?? 0), 0)
  // How many lines were left out is said when their second is over.
  const told = () => answers() + logged() + leftOut()
  await until(
    () => told() >= sent,
    5_000,
    () => `${told()} of ${sent} commands are accounted for`,
  )
  expect(port.calls.length).toBeLessThan(sent)
  expect(gateway.mqtt().connected).toBe(true)
})

test('T20: a wall clock that jumps by an hour, either way, moves timestamps and no timer', async () => {
  const clock = createVirtualClock()
  let wallMs = Date.UTC(2026, 0, 1)
  vi.spyOn(Date, 'now').mockImplementation(() => wallMs)
  onTestFinished(() => void vi.restoreAllMocks())
  const lines: { message: string; at: string }[] = []
  const log = createDeviceLog({
    topic: 't',
    pipe: { publishOnce: ({ payload }) => void lines.push(JSON.parse(String(payload)) as never) },
    now: () => new Date(wallMs),
    clock,
  })
  const quota = createEventQuota({ eventsPerSecond: 10, burst: 10 }, clock)
  let passed = 0
  for (const jumpMs of [3_600_000, -7_200_000, 3_600_000]) {
    while (quota.admit()) passed += 1
    for (let i = 0; i < LIMITS.logLinesPerSecond + 1; i++) log.say({ severity: 'info', message: 'x' })
    wallMs += jumpMs
    // Had they read the wall clock, an hour's worth of either would pass now, or none for an hour.
    expect(quota.admit()).toBe(false)
    const before = lines.length
    log.say({ severity: 'info', message: 'x' })
    expect(lines).toHaveLength(before)
    await clock.advance(1_000)
    // The word about the last ones took a place of its own.
    expect(lines.at(-1)?.message).toMatch(/^[23] log lines were left out: more than 50 a second$/)
  }
  expect(passed).toBe(30)
  expect(new Set(lines.map(({ at }) => at))).toContain('2025-12-31T23:00:00.000Z')
})
