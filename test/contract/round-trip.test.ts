/** One contract in all its spellings: as a module, JSON, YAML, a C++ header, and what a device with that header tells. */

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { stringify } from 'yaml'
import { parseContract } from '../../src/contract/file/index.js'
import {
  type Contract,
  type ContractDefinition,
  contractConflicts,
  contractHeader,
  defineContract,
  descriptorOf,
  hashOf,
  parseDescriptor,
} from '../../src/contract/index.js'
import { contractDefinition } from './arbitrary.js'

const seed = Number(process.env['FUZZ_SEED'] ?? Math.floor(Math.random() * 2 ** 31))

/** The bytes that a device with this header answers DESCRIBE with, and the hash of its hello. */
function toldBy(header: string): { readonly descriptor: Uint8Array; readonly hash: number } {
  const literals = /kContractDescriptor,\n([^;]*)\);/.exec(header)![1]!
  const text = literals.split('\n').map((line) => JSON.parse(line.trim()) as string)
  return {
    descriptor: new TextEncoder().encode(text.join('')),
    hash: Number(/kContractHash = (0x[0-9a-f]{8});/.exec(header)![1]),
  }
}

/** Texts that YAML, JSON or C++ would like to take for something else. */
const text = fc.oneof(
  fc.constantFrom(
    'null',
    '~',
    'yes',
    '0x1F',
    '1e3',
    '012',
    '.inf',
    '- a',
    'a: b',
    '#',
    '<<',
    '"',
    "'",
    '\\',
    '*/',
    '??/',
  ),
  fc.constantFrom(
    '',
    ' ',
    '\n',
    '\ta\r\nb ',
    '°C',
    '\u0000',
    '\u2028',
    '\u202e',
    '---',
    '...',
    '%YAML',
    '!x',
    '&a',
    '*a',
  ),
  fc.string({ unit: 'binary', maxLength: 8 }).filter((one) => !/\p{Cs}/u.test(one)),
)
const version = fc.oneof(
  fc.constantFrom(
    '1',
    '1.0',
    'null',
    '~',
    'true',
    '0x1',
    '1_000',
    '.5',
    '-',
    '{',
    '[',
    '&a',
    '*a',
    '!x',
    '%',
    '@',
    '`',
    "'",
    '"',
    '\\',
  ),
  fc.stringMatching(/^[!-~]{1,16}$/),
)
const documented = fc
  .record({ definition: contractDefinition, doc: text, unit: text, version })
  .map(({ definition, doc, unit, version }): ContractDefinition => {
    const last = { doc, args: { x: { type: 'f32', min: -1.5e-7, max: 1e21, unit, doc } }, idempotent: true }
    return { ...definition, version, actions: { ...definition.actions, last } } as ContractDefinition
  })

describe(`a contract in all its spellings (seed ${seed})`, () => {
  it('has one definition in its files, and one hash everywhere', () => {
    let headers = 0
    fc.assert(
      fc.property(documented, (definition) => {
        const contract = defineContract(definition) as Contract
        const json = parseContract('c.json', `${JSON.stringify(contract.definition, null, 2)}\n`)
        const yaml = parseContract('c.yaml', stringify(json.definition, { lineWidth: 100 }))
        expect(yaml.definition).toEqual(definition)
        expect(yaml.hash).toBe(contract.hash)
        const own = parseDescriptor(descriptorOf(yaml), yaml.version)
        expect([own.name, own.version, own.hash]).toEqual([contract.name, contract.version, contract.hash])
        expect(contractConflicts({ host: contract, device: own, isDescribed: true })).toEqual([])
        let header: string
        try {
          header = contractHeader(yaml)
        } catch (error) {
          // What the device library does not take: any, a text without a longest length, two members of one name.
          expect(error).toMatchObject({ code: 'CONTRACT_INVALID' })
          return
        }
        headers += 1
        const { descriptor, hash } = toldBy(header)
        expect([hash, hashOf(descriptor)]).toEqual([contract.hash, contract.hash])
        // What --from a board writes, and what is made of that.
        const described = parseDescriptor(descriptor, contract.version)
        const written = parseContract('b.yaml', stringify(described.definition, { lineWidth: 100 }))
        expect(toldBy(contractHeader(written))).toEqual({ descriptor, hash })
      }),
      { seed, numRuns: 200 },
    )
    expect(headers).toBeGreaterThan(0)
  })
})
