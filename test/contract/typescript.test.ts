import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it, onTestFinished } from 'vitest'
import { type Contract, type ContractDefinition, contractModule, defineContract } from '../../src/contract/index.js'
import { contractDefinition } from './arbitrary.js'

/** Compiles modules as a strict program does, in ES modules and in CommonJS; what tsc says. */
function compile(modules: readonly string[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'portwire-ts-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  symlinkSync(join(process.cwd(), 'node_modules'), join(folder, 'node_modules'))
  const declared = 'export function defineContract<const C>(definition: C): { readonly definition: C }'
  writeFileSync(join(folder, 'portwire.d.ts'), `declare module 'portwire' { ${declared} }\n`)
  const files = modules.map((text, i) => {
    for (const ending of ['cts', 'mts']) writeFileSync(join(folder, `m${i}.${ending}`), text)
    return `m${i}`
  })
  const compilerOptions = { strict: true, noEmit: true, target: 'es2022', module: 'nodenext', types: [] }
  const include = ['portwire.d.ts', ...files.flatMap((file) => [`${file}.cts`, `${file}.mts`])]
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, include }))
  return spawnSync(join('node_modules', '.bin', 'tsc'), ['-p', folder], { encoding: 'utf8' }).stdout
}

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

  it('compiles, whatever the contract and its members are called', { timeout: 60_000 }, () => {
    const words =
      `undefined globalThis require exports module NaN Infinity any string number object Object Symbol async of get set
      type as from declare namespace abstract global await Promise eval arguments never unknown symbol bigint is infer keyof using out
      let static constructor prototype toString 9 _ -- _9 a-b-c null true default Error defineContract DefineContract`.split(
        /\s+/,
      )
    const modules = words.map((name) => {
      const member = /^[A-Za-z]\w*$/.test(name) ? name : 'x'
      const actions = { [member]: { doc: 'Go.', args: { [member]: { type: 'u8', doc: '*/' } } } } as const
      return contractModule(defineContract({ name, version: '1', actions }) as Contract)
    })
    expect(compile(modules)).toBe('')
  })

  it('reads as it runs: a text does not turn the line around, and ends no comment', () => {
    const doc = 'shut \u202e*/ } nepo \u2066\u061c\u200f\u0000\u001b[2J\ufeff\ud800 \u2028 end'
    const actions = { go: { doc, args: { x: { type: 'u8', unit: doc, doc } } } } as const
    const contract = defineContract({ name: 'x', version: '1', actions }) as Contract
    const module = contractModule(contract)
    expect(module.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/u)
    expect(run(module).definition).toEqual(contract.definition)
  })
})
