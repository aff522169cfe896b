import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { parseConfig } from '../../../src/gateway/index.js'

const path = fileURLToPath(new URL('../../../docs/examples/portwire.yaml', import.meta.url))
const folder = fileURLToPath(new URL('../../../docs/examples/', import.meta.url))
const DEVICES = 'devices:\n  a:\n    serial: /dev/ttyACM0\n    contract: greenhouse.yaml\n'
const outboxOf = (lines: string, env = {}) => parseConfig(path, `version: 1\n${lines}${DEVICES}`, env).outbox

test('events wait on disk where the config says nothing: below the state folder of the user, by the client id', () => {
  expect(outboxOf('', { XDG_STATE_HOME: '/state' })).toEqual({
    dir: '/state/portwire/portwire/outbox',
    maxBytes: 256_000_000,
    ttlMs: Number.POSITIVE_INFINITY,
    onFull: 'drop-oldest',
    holdMs: 0,
  })
  const two = outboxOf('mqtt: {client_id: attic}\n', {
    STATE_DIRECTORY: '/var/lib/portwire:/var/lib/other',
    XDG_STATE_HOME: '/state',
  })
  expect(two?.dir).toBe('/var/lib/portwire/attic/outbox')
})

test('events wait in memory where the config says so, and beside the embedded broker', () => {
  expect(outboxOf('outbox: memory\n')).toBeUndefined()
  expect(outboxOf('mqtt: {embedded: "127.0.0.1:0"}\n')).toBeUndefined()
  expect(outboxOf('mqtt: {embedded: "127.0.0.1:0"}\noutbox: {dir: box}\n')?.dir).toBe(`${folder}box`)
})

test('every key of the outbox is honoured', () => {
  const lines = 'outbox: {dir: /var/lib/box, max_bytes: 512MB, ttl: 24h, on_full: reject-new, sync: group, hold: 5s}\n'
  expect(outboxOf(lines)).toEqual({
    dir: '/var/lib/box',
    maxBytes: 512_000_000,
    ttlMs: 86_400_000,
    onFull: 'reject-new',
    holdMs: 5_000,
  })
})

test.each([
  ['outbox: {max_bytes: 1MB}\n', 'outbox.max_bytes: expected bytes like 256MB, at least 4MB, got "1MB"'],
  ['outbox: {max_bytes: 256}\n', 'outbox.max_bytes: expected bytes like 256MB, at least 4MB, got 256'],
  ['outbox: {on_full: forget}\n', 'outbox.on_full: expected one of drop-oldest, reject-new, got "forget"'],
  ['outbox: {hold: 2m}\n', 'outbox.hold: expected at most 60000ms, got "2m"'],
  ['outbox: {max_byte: 5MB}\n', 'outbox.max_byte: unknown key (did you mean max_bytes?)'],
  ['outbox: disk\n', 'outbox: expected memory, or dir, max_bytes, ttl, on_full, sync, hold, got "disk"'],
])('%s is refused, with the place', (lines, problem) => {
  expect(() => outboxOf(lines)).toThrow(problem)
})

test('a folder with other files in it is refused: it would be closed to others, and renamed when it is damaged', () => {
  const home = mkdtempSync(join(tmpdir(), 'portwire-home-'))
  onTestFinished(() => rmSync(home, { recursive: true }))
  const lines = `outbox: {dir: ${home}}\n`
  expect(outboxOf(lines)?.dir).toBe(home)
  for (const name of ['db', 'mark', 'lost+found']) mkdirSync(join(home, name))
  expect(outboxOf(lines)?.dir).toBe(home)
  writeFileSync(join(home, 'portwire.yaml'), '')
  const mode = statSync(home).mode
  expect(() => outboxOf(lines)).toThrow(
    `${path}: outbox.dir: ${home} has other files in it (portwire.yaml): the outbox needs a folder of its own`,
  )
  expect(statSync(home).mode).toBe(mode)
})
