/** The schema as documentation: editors and docs/gateway.md have it from here. */

import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { withTable } from '../../../scripts/config-table.mjs'
import { configSchema } from '../../../src/gateway/config/schema.js'
import { keysAt } from '../../../src/gateway/config/tree.js'
import { configJsonSchema } from '../../../src/gateway/index.js'
import { runCli } from '../../cli/run-cli.js'

interface Json {
  readonly title?: string
  readonly description?: string
  readonly examples?: unknown[]
  readonly default?: unknown
  readonly properties?: Readonly<Record<string, Json>>
  readonly required?: readonly string[]
  readonly items?: Json
  readonly anyOf?: readonly Json[]
  readonly additionalProperties?: Json | boolean
}

function keysOf(schema: Json, path: string): { path: string; key: Json }[] {
  // Of a text or a table, the keys of the table.
  const table = schema.anyOf?.find(({ properties }) => properties !== undefined)
  if (table) return keysOf(table, path)
  const inner = schema.items ?? (typeof schema.additionalProperties === 'object' ? schema.additionalProperties : schema)
  return Object.entries(inner.properties ?? {}).flatMap(([name, key]) => [
    { path: `${path}${name}`, key },
    ...keysOf(key, `${path}${name}.`),
  ])
}

const schema = configJsonSchema() as Json

test('every key has a title, a description and examples', () => {
  const keys = keysOf(schema, '')
  expect(keys.length).toBeGreaterThan(50)
  expect(keys.map(({ path }) => path)).toContain('outbox.hold')
  for (const { path, key } of keys) {
    expect({ path, title: key.title, description: key.description, examples: key.examples }).toEqual({
      path,
      title: expect.stringMatching(/^[A-Z]/),
      description: expect.stringMatching(/^\S.*\.$/),
      examples: expect.arrayContaining([expect.anything()]),
    })
  }
})

/** Left out they mean that there is none: a file, a program, a limit of another key. */
const WITHOUT_DEFAULT =
  /^(version|outbox|outbox\.dir|mqtt\.(embedded|embedded\.listen|embedded\.users\..*|user|password|password_file|ca|cert|key)|devices\.(serial|match\..*|spawn|tcp|websocket|contract|event_servers|event_servers\.port|payload))$/

test('every key that stands for something when it is left out says what', () => {
  const silent = keysOf(schema, '').filter(({ key }) => !key.properties && !key.items?.properties)
  const without = silent.filter(({ key, path }) => key.default === undefined && path !== 'devices')
  expect(without.map(({ path }) => path).filter((path) => !WITHOUT_DEFAULT.test(path))).toEqual([])
})

test('every example and every default is a value that the key takes', () => {
  const shortest = { version: 1, devices: { a: { serial: '/dev/x', contract: 'c.yaml' } } }
  const embedded = { listen: '127.0.0.1:0', users: { a: { role: 'reader' } } }
  for (const { path, key } of keysOf(schema, '')) {
    if (/^(version|devices|secrets_file)$/.test(path)) continue
    const base = { ...shortest, ...(path.startsWith('mqtt.embedded.') && { mqtt: { embedded } }) }
    for (const value of [...(key.examples ?? []), ...(key.default === undefined ? [] : [key.default])]) {
      const result = configSchema.safeParse(withValue(base, path, value))
      const refused = result.error?.issues.filter(({ code }) => code !== 'custom') ?? []
      expect({ path, value, refused }).toEqual({ path, value, refused: [] })
    }
  }
})

/** In the device `a`, the user `a` and the first event server. */
function withValue(base: object, path: string, value: unknown): unknown {
  const parts = path.split('.')
  const isRecord = (key: string, at: number) =>
    at + 1 < parts.length && (key === 'users' || (key === 'devices' && at === 0))
  const keys = parts.flatMap((key, at) => (isRecord(key, at) ? [key, 'a'] : key))
  const at = (tree: object | undefined, [key, ...rest]: readonly string[]): unknown => {
    if (key === undefined) return value
    const below = at((tree as Record<string, object> | undefined)?.[key], rest)
    if (rest.length === 0) return { ...tree, [key]: below }
    if (key === 'event_servers') return { ...tree, [key]: [{ port: 0, ...(below as object) }] }
    return { ...tree, [key]: below }
  }
  return at(base, keys)
}

test('the documentation has the table of this schema (npm run docs:config)', () => {
  const page = readFileSync(new URL('../../../docs/gateway.md', import.meta.url), 'utf8')
  expect(page).toBe(withTable(page, schema))
})

test('portwire gateway --schema prints it', async () => {
  const { code, out, err } = await runCli('gateway', '--schema')
  expect({ code, err }).toEqual({ code: 0, err: '' })
  expect(JSON.parse(out)).toEqual(JSON.parse(JSON.stringify(schema)))
  expect(Object.keys(JSON.parse(out).properties)).toEqual(keysAt(configSchema, []))
})

test('sections whose changes wait for a restart of the gateway say so', () => {
  const { properties = {} } = configJsonSchema() as { properties?: Record<string, { requiresRestart?: boolean }> }
  const waiting = Object.keys(properties).filter((key) => properties[key]!.requiresRestart)
  expect(waiting.sort()).toEqual(['homeassistant', 'log', 'mqtt', 'outbox'])
})
