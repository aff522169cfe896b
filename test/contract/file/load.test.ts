import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it, onTestFinished } from 'vitest'
import { contractJsonSchema, loadContract, parseContract, readContract } from '../../../src/contract/file/index.js'
import { greenhouse } from '../../../src/testing/greenhouse.js'

const CONTRACT = fileURLToPath(new URL('../../../src/contract/index.ts', import.meta.url))
const PUMP = `name: pump
version: '1.0'
actions:
  start:
    doc: Starts the motor.
    args:
      speed: {type: u16, unit: rpm, max: 3000}
    result: bool
  stop: {}
events:
  leak:
    acknowledged: true
    fields: {ml: f32}
`

/** A folder with files in it; they end with the test. */
function files(texts: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'portwire-contract-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  for (const [name, text] of Object.entries(texts)) writeFileSync(join(folder, name), text)
  return folder
}

describe('a contract from a file', () => {
  it('is the same in three spellings: YAML, JSON, and a module', async () => {
    const yaml = parseContract('pump.yaml', PUMP)
    const json = JSON.stringify(yaml.definition)
    const folder = files({
      'pump.yaml': PUMP,
      'pump.json': json,
      'pump.mjs': `import { defineContract } from ${JSON.stringify(CONTRACT)}\nexport const pump = defineContract(${json})\nexport default pump\n`,
    })
    for (const name of ['pump.yaml', 'pump.json', 'pump.mjs']) {
      const contract = await loadContract(join(folder, name))
      expect(contract.definition).toEqual(yaml.definition)
      expect(contract.hash).toBe(yaml.hash)
    }
    expect(yaml.actions.get('start')).toMatchObject({ index: 0, doc: 'Starts the motor.' })
    expect(yaml.events.get('leak')).toMatchObject({ index: 2, acknowledged: true })
  })

  it.each<[string, string, string]>([
    ['a misspelt key', PUMP.replace('args:', 'arg:'), ':6:5: actions.start.arg: unknown key (did you mean args?)'],
    ['a misspelt table', PUMP.replace('events:', 'event:'), ':10:1: event: unknown key (did you mean events?)'],
    [
      'a type that is none',
      PUMP.replace('bool', 'boolean'),
      ':8:5: actions.start.result: "boolean" is no type (did you mean bool?); types: bool, u8, u16, u32, u64, i8, i16, i32, i64, f32, f64, str, bytes',
    ],
    [
      'a type that is none, in a table',
      PUMP.replace('u16', 'u12'),
      ':7:15: actions.start.args.speed.type: "u12" is no type (did you mean u16?); types: bool, u8, u16, u32, u64, i8, i16, i32, i64, f32, f64, str, bytes',
    ],
    [
      'a version without quotes',
      PUMP.replace("'1.0'", '1.5'),
      ':2:1: version: expected a text, got 1.5; write it in quotes',
    ],
    ['no version', PUMP.replace("version: '1.0'\n", ''), ': version: is missing; expected a text'],
    [
      'an empty member',
      PUMP.replace('stop: {}', 'stop:'),
      ':9:3: actions.stop: expected a table (an empty one is {}), got null',
    ],
    [
      'a key of a field',
      PUMP.replace('unit:', 'units:'),
      ':7:26: actions.start.args.speed.units: unknown key (did you mean unit?)',
    ],
    [
      'a unit that is a number',
      PUMP.replace('rpm', '5'),
      ':7:26: actions.start.args.speed.unit: expected a text, got 5; write it in quotes',
    ],
    [
      'an array without its length',
      PUMP.replace('ml: f32', 'ml: {array: f32}'),
      ':13:14: events.leak.fields.ml.maxItems: is missing; expected a number',
    ],
    [
      'an array that is too long',
      PUMP.replace('ml: f32', 'ml: {array: f32, maxItems: 5000}'),
      ':13:31: events.leak.fields.ml.maxItems: expected at most 1024, got 5000',
    ],
    [
      'a range that no value fits',
      PUMP.replace('max: 3000', 'min: 9, max: 3'),
      ':7:7: actions.start.args.speed: min is above max',
    ],
    [
      'a range of a text',
      PUMP.replace('type: u16', 'type: str'),
      ':7:7: actions.start.args.speed: max is for numbers, not for str',
    ],
    [
      'an index twice',
      PUMP.replace('stop: {}', 'stop: {index: 0}'),
      ':9:3: actions.stop: index 0 is already that of action start',
    ],
    [
      'an index of the protocol',
      PUMP.replace('stop: {}', 'stop: {index: 240}'),
      ":9:3: actions.stop: index 240 is not in 0 to 239 (240 to 255 are the protocol's own)",
    ],
    [
      'a name with a dash',
      PUMP.replace('stop:', 'stop-it:'),
      ':9:3: actions.stop-it: a name begins with a letter and has letters, digits and _ only, at most 64',
    ],
    ['a member twice', PUMP.replace('stop: {}', 'start: {}'), ':9:3: not YAML: Map keys must be unique'],
    [
      'a list in place of a table',
      'name: pump\nversion: "1"\nactions: [start]\n',
      ':3:1: actions: expected a table of names (an empty one is {}), got a list',
    ],
    [
      'yes for true',
      PUMP.replace('acknowledged: true', 'acknowledged: yes'),
      ':12:5: events.leak.acknowledged: expected true or false, got "yes"',
    ],
    [
      'a type as C++ has it',
      PUMP.replace('u16', 'uint16_t'),
      ':7:15: actions.start.args.speed.type: "uint16_t" is no type (did you mean u16?); types: bool, u8, u16, u32, u64, i8, i16, i32, i64, f32, f64, str, bytes',
    ],
    [
      'a type in the place of arguments',
      PUMP.replace('{type: u16, unit: rpm, max: 3000}', '').replace('args:\n      speed:', 'args: u16'),
      ':6:5: actions.start.args: expected a table of names, or any, got "u16"',
    ],
    [
      'a list of arguments',
      PUMP.replace('{type: u16, unit: rpm, max: 3000}', '').replace('args:\n      speed:', 'args: [u16]'),
      ':6:5: actions.start.args: expected a table of names, or any, got a list',
    ],
    [
      'a limit without end',
      PUMP.replace('3000', '.inf'),
      ':7:37: actions.start.args.speed.max: expected a number, got Infinity',
    ],
    [
      'a table as a key',
      PUMP.replace('stop:', '? {a: b}\n  :'),
      ':9:5: not YAML: a key is a text, not a table or a list',
    ],
    ['a list as a key', PUMP.replace('stop:', '? [a]\n  :'), ':9:5: not YAML: a key is a text, not a table or a list'],
    ['two documents', `${PUMP}---\nname: valve\n`, ':14:1: not YAML: a file has one document, without --- between'],
    ['no contract at all', 'hello', ': expected a table (an empty one is {}), got "hello"'],
    [
      'an indentation that is none',
      'name: pump\n version: 1\n',
      ':1:7: not YAML: Nested mappings are not allowed in compact mappings',
    ],
  ])('says in one line what is wrong with %s', (_what, text, line) => {
    let message = ''
    try {
      parseContract('pump.yaml', text)
    } catch (error) {
      message = (error as Error).message
    }
    expect(message).toBe(`CONTRACT_INVALID: pump.yaml${line}`)
  })

  it.each<[string, string, RegExp]>([
    [
      'nothing.mjs',
      'export const x = 1\n',
      /nothing\.mjs: exports no contract; export one that defineContract returned$/,
    ],
    ['nil.mjs', 'throw null\n', /nil\.mjs: does not run: null$/],
    ['text.mjs', 'throw "not\\nwell"\n', /text\.mjs: does not run: not$/],
    ['broken.mjs', 'throw new Error("no\\nwell")\n', /broken\.mjs: does not run: no$/],
    [
      'two.mjs',
      `import { defineContract } from ${JSON.stringify(CONTRACT)}
export const a = defineContract({ name: 'a', version: '1' }), b = defineContract({ name: 'b', version: '1' })`,
      /two\.mjs: exports 2 contracts; a file has one$/,
    ],
  ])('says in one line what is wrong with the module %s', async (name, text, message) => {
    await expect(loadContract(join(files({ [name]: text }), name))).rejects.toThrow(message)
  })

  it('a file that is not there, or that is none, is told before anything is run', async () => {
    await expect(loadContract('/nowhere/pump.mjs')).rejects.toThrow('/nowhere/pump.mjs: no such file')
    await expect(loadContract('/nowhere/pump.yaml')).rejects.toThrow('/nowhere/pump.yaml: no such file')
    await expect(loadContract(tmpdir())).rejects.toThrow('is a directory')
  })

  it('what has no end is not read to its end: a serial port, a device', async () => {
    await expect(loadContract('/dev/zero')).rejects.toThrow(
      '/dev/zero: is no file; portwire generate --from /dev/zero asks a board there',
    )
    expect(() => readContract('/dev/zero')).toThrow('is no file')
  })

  it('a pipe is read when its writer has written, up to the length of a file', async () => {
    const folder = files({})
    const pipe = join(folder, 'pump')
    execFileSync('mkfifo', [pipe])
    const [contract] = await Promise.all([loadContract(pipe), writeFile(pipe, PUMP)])
    expect(contract.hash).toBe(parseContract('pump', PUMP).hash)
    const long = writeFile(pipe, '#'.repeat(1_000_000)).catch(() => {})
    await expect(loadContract(pipe)).rejects.toThrow('pump: longer than 262144 bytes')
    await long
    expect(() => readContract(pipe)).toThrow('is no file')
  })

  it('TypeScript is read by a Node that can, and refused in words by one that cannot', async () => {
    const path = fileURLToPath(new URL('../../../docs/examples/blink.contract.ts', import.meta.url))
    const loaded = loadContract(path)
    if ((process.features as { typescript?: unknown }).typescript) expect((await loaded).name).toBe('blink')
    else
      await expect(loaded).rejects.toThrow(
        /blink\.contract\.ts: this Node \(.*\) does not read TypeScript, 22\.18 and newer do/,
      )
  })

  it('where no program may be run, a module is refused with the way on', () => {
    expect(() => readContract('pump.mjs')).toThrow('portwire generate pump.mjs --json FILE writes it as JSON')
  })

  it('the schema for editors knows every key of the greenhouse, and is what a file is checked by', () => {
    const schema = JSON.stringify(contractJsonSchema())
    for (const key of ['actions', 'idempotent', 'acknowledged', 'maxBytes', 'maxItems', 'stream', 'protocol']) {
      expect(schema).toContain(`"${key}"`)
    }
    const yaml = readFileSync(new URL('../../../docs/examples/greenhouse.yaml', import.meta.url), 'utf8')
    expect(parseContract('greenhouse.yaml', yaml).hash).toBe(greenhouse.hash)
  })
})
