/** docs/contract.md and the examples it quotes. */

import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { contractJsonSchema, parseContract } from '../../src/contract/file/index.js'
import { contractHeader, contractModule } from '../../src/contract/index.js'

const page = readFileSync('docs/contract.md', 'utf8')
const yaml = readFileSync('docs/examples/door.yaml', 'utf8')
const door = parseContract('door.yaml', yaml)

it('the page shows the example as it is', () => {
  const block = /```yaml\n(.*?)```/s.exec(page)![1]
  expect(block).toBe(yaml.replace(/^#.*\n/gm, ''))
})

it('the module of the example is what generate writes', () => {
  expect(readFileSync('docs/examples/door.contract.ts', 'utf8')).toBe(contractModule(door))
})

it('the header of the example compiles against the device library', () => {
  const folder = mkdtempSync(join(tmpdir(), 'portwire-door-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  writeFileSync(join(folder, 'door_contract.h'), contractHeader(door))
  writeFileSync(
    join(folder, 'door.cpp'),
    '#include "door_contract.h"\nint main() { return door::Contract::kActions - 2; }\n',
  )
  const flags = ['-std=c++11', '-Wall', '-Wextra', '-Werror', '-fsyntax-only', '-Ifirmware/lib/portwire/src']
  execFileSync('g++', [...flags, join(folder, 'door.cpp')], { encoding: 'utf8' })
})

it('the error that the page quotes is the one that comes', () => {
  const quoted = /`(door\.yaml:[^`]*?); \.\.\.`/.exec(page)![1]!
  expect(() => parseContract('door.yaml', yaml.replace('type: u8', 'type: u9'))).toThrow(
    `CONTRACT_INVALID: ${quoted}; types: bool`,
  )
})

it('the page names every key of the schema', () => {
  const keys = new Set<string>()
  const visit = (schema: unknown) => {
    if (typeof schema !== 'object' || schema === null) return
    const { properties } = schema as { properties?: object }
    for (const key of Object.keys(properties ?? {})) keys.add(key)
    for (const inner of Object.values(schema)) visit(inner)
  }
  visit(contractJsonSchema())
  expect(keys.size).toBeGreaterThan(15)
  const missing = [...keys].filter((key) => !new RegExp(`\`[^\`\n]*\\b${key}\\b[^\`\n]*\``).test(page))
  expect(missing).toEqual([])
})
