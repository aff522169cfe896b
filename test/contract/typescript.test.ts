import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Contract, type ContractDefinition, contractModule, defineContract } from '../../src/contract/index.js'
import { contractDefinition } from './arbitrary.js'

const seed = Number(process.env['FUZZ_SEED'] ?? Math.floor(Math.random() * 2 ** 31))

/** Runs the module with our defineContract; its only TypeScript is the type at the end. */
function run(module: string): Contract {
  const body = module.replace(/^import .*$/m, '').replace(/^export type .*$/m, '')
  const binding = /^export const (\w+)/m.exec(body)![1]!
  return new Function('defineContract', `'use strict'; ${body.replace('export const', 'const')}; return ${binding}`)(
    defineContract,
  )
}

describe(`the TypeScript module of a contract (seed ${seed})`, () => {
  it('is the same contract, whatever is in its texts', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 12 }),
      fc.constantFrom('*/ throw 1 /*', "it's", '"', "\\'", '\\"', '`x`', '\u2028', 'two\nlines', '°C'),
    )
    const documented = fc
      .record({ definition: contractDefinition, doc: text, unit: text })
      .map(({ definition, doc, unit }): ContractDefinition => {
        const of = (table: object | undefined) =>
          Object.fromEntries(Object.entries(table ?? {}).map(([name, member]) => [name, { ...member, doc }]))
        return {
          ...definition,
          actions: {
            ...of(definition.actions),
            last: { args: { x: { type: 'f32', min: -1.5, unit, doc } }, doc },
          },
          events: of(definition.events),
        } as ContractDefinition
      })
    fc.assert(
      fc.property(documented, (definition) => {
        const contract = defineContract(definition) as Contract
        const again = run(contractModule(contract))
        expect(again.definition).toEqual(definition)
        expect(again.hash).toBe(contract.hash)
      }),
      { seed, numRuns: 300 },
    )
  })

  it.each([
    ['two-boards', 'twoBoards'],
    ['3d_printer', '_3dPrinter'],
    ['class', 'classContract'],
    ['Pump', 'pump'],
    ['-', 'contract'],
  ])('a contract called %s is exported as %s', (name, binding) => {
    expect(contractModule(defineContract({ name, version: '1' }) as Contract)).toContain(`export const ${binding} = `)
  })
})
