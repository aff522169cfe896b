/** What one device may do to the gateway and to the others: flood, talk without end, crash for ever, claim another's tty. */

import { mkdtempSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { PortwireError } from '../../src/errors.js'
import { type Gateway, type GatewayOptions, LIMITS, startGateway } from '../../src/gateway/index.js'
import { createFakePort, type FakePort } from './fake-port.js'
import { clientOf, configWith, EMBEDDED } from './support.js'

interface Started {
  readonly gateway: Gateway
  /** The latest port of each device, by name. */
  readonly ports: ReadonlyMap<string, FakePort>
  readonly log: string[]
}

/** A gateway with the quota of the defaults; `paths` are the ttys of its devices by name. */
async function start(paths: Readonly<Record<string, string>>, options: GatewayOptions = {}): Promise<Started> {
  const config = configWith({ server: EMBEDDED })
  const { eventQuota: _wide, ...device } = config.devices[0]!
  const devices = Object.entries(paths).map(([name, serial]) => ({ ...device, name, target: { serial } }))
  const ports = new Map<string, FakePort>()
  const log: string[] = []
  const gateway = await startGateway(
    { ...config, devices },
    {
      openPort: ({ name }) => {
        const port = createFakePort()
        ports.set(name, port)
        return port
      },
      log: (level, namespace, message) => log.push(`${level} ${namespace} ${message}`),
      ...options,
    },
  )
  onTestFinished(() => gateway.close())
  await gateway.connected
  return { gateway, ports, log }
}

/** A folder with a "tty" of two names. */
function twoNames(): { readonly tty: string; readonly alias: string; readonly other: string } {
  const folder = mkdtempSync(join(tmpdir(), 'portwire-claims-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const [tty, alias, other] = ['ttyACM0', 'by-id', 'ttyACM1'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ]
  writeFileSync(tty, '')
  writeFileSync(other, '')
  symlinkSync(tty, alias)
  return { tty, alias, other }
}

const stateOf = (gateway: Gateway, name: string) => gateway.devices().find((row) => row.name === name)?.state

test('R15: plain events above the quota are dropped and counted exactly, a second device loses none, and the state has the last value', async () => {
  const { gateway, ports } = await start({ flooder: '/dev/fake1', calm: '/dev/fake2' })
  const client = await clientOf(gateway)
  for (let i = 1; i <= 3_000; i++) {
    void ports.get('flooder')!.emit('reading', { celsius: i, humidity: 0 })
    if (i % 100 === 0) void ports.get('calm')!.emit('reading', { celsius: i, humidity: 0 })
  }
  await client.heard(30, ({ topic }) => topic === 'portwire/calm/event/reading')
  await client.next('portwire/flooder', ({ json }) => json['celsius'] === 3_000)
  await gateway.close()
  const { json } = await client.next('portwire/bridge/event', (message) => message.json['type'] === 'events_dropped')
  const passed = client.messages.filter(({ topic }) => topic === 'portwire/flooder/event/reading').length
  expect(passed).toBeGreaterThanOrEqual(LIMITS.eventBurst)
  expect(json).toEqual({
    type: 'events_dropped',
    data: { name: 'flooder', count: 3_000 - passed, reason: 'quota' },
  })
})

test('R15: reliable events of a device that floods are held back, not dropped', async () => {
  const { gateway, ports, log } = await start({ flooder: '/dev/fake1' })
  const client = await clientOf(gateway, ['portwire/flooder/event/alarm'])
  const port = ports.get('flooder')!
  for (let i = 0; i < 1_000; i++) void port.emit('reading', { celsius: i, humidity: 0 })
  const fromMs = performance.now()
  for (let number = 0; number < 40; number++) await port.emit('alarm', { celsius: number, high: true }, { number })
  await client.heard(40)
  expect(client.messages.map(({ json }) => json['celsius'])).toEqual(Array.from({ length: 40 }, (_, i) => i))
  // At 200 a second.
  expect(performance.now() - fromMs).toBeGreaterThan(150)
  await gateway.close()
  expect(log.filter((line) => line.includes('had to wait'))).toEqual([
    expect.stringMatching(
      /^warn portwire:flooder \d+ events had to wait: above the quota of the device \(event_quota\)$/,
    ),
  ])
})

test('R15: reliable events handed over together keep their order above the quota, and how many waited is said', async () => {
  const { gateway, ports } = await start({ flooder: '/dev/fake1' })
  const client = await clientOf(gateway, ['portwire/flooder/event/alarm', 'portwire/bridge/event'])
  const port = ports.get('flooder')!
  const all = Array.from({ length: LIMITS.eventBurst + LIMITS.eventsPerSecond }, (_, number) =>
    port.emit('alarm', { celsius: number, high: true }, { number }),
  )
  await Promise.all(all)
  await client.heard(all.length, ({ topic }) => topic.endsWith('alarm'))
  const numbers = client.messages.filter(({ topic }) => topic.endsWith('alarm')).map(({ json }) => json['celsius'])
  expect(numbers).toEqual(Array.from(all, (_, number) => number))
  await gateway.close()
  const { json } = await client.next('portwire/bridge/event', (message) => message.json['type'] === 'events_paced')
  expect(json['data']).toMatchObject({ name: 'flooder' })
  const { count } = json['data'] as { count: number }
  expect(count).toBeGreaterThan(0)
  expect(count).toBeLessThanOrEqual(LIMITS.eventsPerSecond)
})

test('R27: of the lines of a device 50 a second pass, each one JSON value without a control character; the others are counted', async () => {
  const { gateway, ports } = await start({ chatty: '/dev/fake1' })
  const client = await clientOf(gateway, ['portwire/chatty/log'])
  const port = ports.get('chatty')!
  const evil = `\u001b]0;x\u0007\r\n{"level":"error"}\u009b31m\u202e\0${'y'.repeat(2_000)}`
  for (let i = 0; i < 5_000; i++) {
    if (i % 2 === 0) port.notice({ kind: 'log', severity: 'info', text: evil })
    else port.notice({ kind: 'console', text: evil })
  }
  const said = await client.next('portwire/chatty/log', ({ text }) => text.includes('left out'))
  const count = Number(/^(\d+) log lines were left out: more than 50 a second$/.exec(String(said.json['message']))?.[1])
  expect(count + client.messages.length - 1).toBe(5_000)
  expect(client.messages.length).toBeLessThanOrEqual(2 * LIMITS.logLinesPerSecond + 1)
  for (const { text, json } of client.messages) {
    expect(text).not.toMatch(/[\p{Cc}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/u)
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(1_024)
    expect(Object.keys(json)).toContain('severity')
  }
})

test('T8: a second device at the same tty, under another name, is quarantined with an alarm; the first keeps running', async () => {
  const { tty, alias } = twoNames()
  const { gateway, ports } = await start({ first: tty, second: alias })
  const client = await clientOf(gateway)
  expect(ports.has('second')).toBe(false)
  ports.get('first')!.state('running')
  const rows = await client.next('portwire/bridge/devices', ({ text }) => text.includes('"running"'))
  expect(rows.text).toContain('"quarantined"')
  expect(stateOf(gateway, 'first')).toBe('running')
  await client.publish('portwire/second/call/setVent', { open: 1, transaction: 1 })
  expect((await client.next('portwire/second/response')).json).toMatchObject({ result: 'nak', outcome: 'no' })
  await client.publish('portwire/first/call/setVent', { open: 1, transaction: 1 })
  expect((await client.next('portwire/first/response')).json).toMatchObject({ status: 'ok' })
  // The alarm again, as a person asks for another try.
  await client.publish('portwire/bridge/request/device/restart', { id: 'second' })
  const alarm = await client.next('portwire/bridge/event')
  expect(alarm.json).toEqual({ type: 'device_quarantined', data: { name: 'second', owner: 'first' } })
})

test('T8: a quarantined device is opened by device/restart once its name leads elsewhere', async () => {
  const { tty, alias, other } = twoNames()
  const { gateway, ports } = await start({ first: tty, second: alias })
  const client = await clientOf(gateway)
  unlinkSync(alias)
  symlinkSync(other, alias)
  await client.publish('portwire/bridge/request/device/restart', { id: 'second' })
  await client.next('portwire/bridge/response/device/restart')
  ports.get('second')!.state('running')
  expect(stateOf(gateway, 'second')).toBe('running')
})

test('T8: a name that comes to lead to the tty of another while the gateway runs is quarantined at its next try', async () => {
  const { tty, alias, other } = twoNames()
  unlinkSync(alias)
  symlinkSync(other, alias)
  const { gateway, ports } = await start({ first: tty, second: alias })
  const client = await clientOf(gateway)
  ports.get('first')!.state('running')
  ports.get('second')!.state('running')
  unlinkSync(alias)
  symlinkSync(tty, alias)
  const error = new PortwireError('PORT_BUSY', 'another process holds it')
  ports.get('second')!.state('backoff', { exit: { kind: 'failed', error } })
  const alarm = await client.next('portwire/bridge/event', ({ json }) => json['type'] === 'device_quarantined')
  expect(alarm.json['data']).toEqual({ name: 'second', owner: 'first' })
  expect(ports.get('second')!.isClosed).toBe(true)
  expect(ports.get('first')!.isClosed).toBe(false)
  expect(stateOf(gateway, 'first')).toBe('running')
})

test('boards that have changed their sockets are told by the names, not by where those led before', async () => {
  const { tty, alias, other } = twoNames()
  const second = `${alias}-2`
  symlinkSync(other, second)
  const { gateway, ports } = await start({ one: alias, two: second })
  for (const [link, to] of [
    [alias, other],
    [second, tty],
  ] as const) {
    unlinkSync(link)
    symlinkSync(to, link)
  }
  for (const name of ['one', 'two']) ports.get(name)!.state('running')
  expect([stateOf(gateway, 'one'), stateOf(gateway, 'two')]).toEqual(['running', 'running'])
})

test('T21: a device that crashes for ever leaves the other online, its calls answered, and the log readable', async () => {
  const { gateway, ports, log } = await start({ bad: '/dev/fake1', good: '/dev/fake2' })
  const client = await clientOf(gateway)
  ports.get('good')!.state('running')
  // Answered, so that what was retained has come before.
  await client.publish('portwire/good/call/setVent', { open: 1, transaction: 0 })
  await client.next('portwire/good/response')
  const before = client.messages.length
  for (let crash = 0; crash < 500; crash++) {
    ports.get('bad')!.state('running')
    ports.get('bad')!.state('backoff', { exit: { kind: 'reset', cause: 'watchdog' }, restartInMs: 250 })
  }
  await client.publish('portwire/good/call/setVent', { open: 1, transaction: 1 })
  const answer = await client.next('portwire/good/response', ({ json }) => json['transaction'] === 1)
  expect(answer.json).toMatchObject({ status: 'ok' })
  expect(client.messages.slice(before).some(({ topic }) => topic === 'portwire/good/availability')).toBe(false)
  expect(stateOf(gateway, 'good')).toBe('running')
  expect(log.filter((line) => line.includes('portwire:bad')).length).toBeLessThanOrEqual(LIMITS.logLinesPerSecond * 2)
})
