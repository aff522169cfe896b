/** Versions of the file format. */

import { expect, test } from 'vitest'
import { CONFIG_VERSION, MIGRATIONS, type Migration, migrated } from '../../../src/gateway/config/migrate.js'

const STEPS: readonly Migration[] = [
  { from: 1, apply: ({ broker, ...rest }) => ({ ...rest, mqtt: { server: broker } }) },
  { from: 2, apply: (file) => ({ ...file, devices: {} }) },
]

test('every version has a step to the next', () => {
  expect(MIGRATIONS.map(({ from }) => from)).toEqual(Array.from({ length: CONFIG_VERSION - 1 }, (_, at) => at + 1))
})

test('a file goes through all the steps from its version on', () => {
  expect(migrated({ version: 1, broker: 'x' }, STEPS, 3)).toEqual({
    ok: true,
    from: 1,
    value: { version: 3, mqtt: { server: 'x' }, devices: {} },
  })
  expect(migrated({ version: 2 }, STEPS, 3)).toEqual({ ok: true, from: 2, value: { version: 3, devices: {} } })
})

test('a file of the newest version is left as it is', () => {
  const file = { version: 3, x: 1 }
  expect(migrated(file, STEPS, 3)).toEqual({ ok: true, value: file })
})

test('a newer file is refused, with what to do; one of a version that never was as well', () => {
  expect(migrated({ version: 4 }, STEPS, 3)).toEqual({
    ok: false,
    problem:
      'version: expected 3, got 4: it is for a newer portwire; update this one (npm install portwire@latest), or go back to a file of version 3',
  })
  expect(migrated({ version: 0 }, STEPS, 3)).toEqual({
    ok: false,
    problem: 'version: expected 3, got 0, which never was',
  })
})

test('what has no version is left for the schema to refuse', () => {
  for (const file of [undefined, null, {}, { version: '1' }, [], 'x']) {
    expect(migrated(file)).toEqual({ ok: true, value: file })
  }
})
