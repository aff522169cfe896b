import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { EXAMPLES } from '../../scripts/firmware/examples.mjs'
import { type Contract, type ContractDefinition, contractHeader } from '../../src/contract/index.js'
import { root } from '../firmware/build.js'

describe('the contract of an example', () => {
  it.each(EXAMPLES)('$title is the same on both sides: its header is the one that is generated', async (example) => {
    const file = path.join(root, `docs/examples/${example.contractFile}.contract.ts`)
    const module = (await import(file)) as Record<string, Contract<ContractDefinition>>
    const header = readFileSync(path.join(root, example.header), 'utf8')
    expect(header, 'npm run generate').toBe(contractHeader(module[example.contract]!))
  })
})
