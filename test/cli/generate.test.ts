/** `portwire generate`, and what `call` and `monitor` do without a contract. */

import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it, onTestFinished } from 'vitest'
import { loadContract, parseContract } from '../../src/contract/file/index.js'
import { contractHeader, descriptorOf } from '../../src/contract/index.js'
import { greenhouse } from '../../src/testing/greenhouse.js'
import { startNative } from '../../src/testing/native.js'
import { until } from '../gateway/until.js'
import { runCli, startCli } from './run-cli.js'

const root = fileURLToPath(new URL('../../', import.meta.url))
const NATIVE = join(root, 'build/firmware/native/greenhouse')
const GREENHOUSE = join(root, 'docs/examples/greenhouse.yaml')
const DOOR = join(root, 'docs/examples/door.yaml')

function folder(): string {
  // Below the project, so that what is generated finds portwire as an import.
  const made = mkdtempSync(join(root, 'build/generate-'))
  onTestFinished(() => rmSync(made, { recursive: true }))
  return made
}

async function board(): Promise<string> {
  const started = await startNative(NATIVE)
  onTestFinished(async () => {
    started.kill()
    await started.exited
  })
  return started.path
}

const file = (name: string, text: string) => {
  const path = join(mkdtempSync(join(tmpdir(), 'portwire-')), name)
  onTestFinished(() => rmSync(join(path, '..'), { recursive: true }))
  writeFileSync(path, text)
  return path
}

describe('portwire generate', () => {
  it.each([GREENHOUSE, DOOR])('%s: every spelling has the same hash, and the same bytes each time', async (source) => {
    const to = folder()
    const names = { cpp: 'c.h', ts: 'c.ts', json: 'c.json', yaml: 'c.yaml' }
    const flags = Object.entries(names).flatMap(([flag, name]) => [`--${flag}`, join(to, name)])
    expect(await runCli('generate', source, ...flags)).toEqual({ code: 0, out: '', err: '' })
    const first = Object.values(names).map((name) => readFileSync(join(to, name), 'utf8'))
    const contract = await loadContract(source)
    expect(first[0]).toBe(contractHeader(contract))
    for (const name of ['c.json', 'c.yaml']) {
      const again = parseContract(name, readFileSync(join(to, name), 'utf8'))
      expect(again.definition).toEqual(contract.definition)
      expect(again.hash).toBe(contract.hash)
    }
    // From what was generated the same is generated.
    expect((await runCli('generate', join(to, 'c.yaml'), ...flags)).code).toBe(0)
    expect(Object.values(names).map((name) => readFileSync(join(to, name), 'utf8'))).toEqual(first)
  })

  it('the module compiles, is formatted, and gives a Port its types, docs and units', async () => {
    const to = folder()
    await runCli('generate', GREENHOUSE, '--ts', join(to, 'greenhouse.contract.ts'))
    const text = readFileSync(join(to, 'greenhouse.contract.ts'), 'utf8')
    expect(text).toContain('/** 0 is shut, 1 is wide open; 0 to 1 */')
    expect(text).toContain('/** °C */')
    writeFileSync(
      join(to, 'use.ts'),
      `import type { ArgsOf, EventOf, Port } from 'portwire'
import { type Greenhouse, greenhouse } from './greenhouse.contract.js'
declare const port: Port<Greenhouse>
export const vent: Promise<number> = port.call('setVent', { open: 0.4 })
export const args: ArgsOf<Greenhouse, 'setInterval'> = { ms: 100 }
export const event: EventOf<Greenhouse, 'reading'> = { celsius: 20, humidity: 40 }
// @ts-expect-error there is no such action
port.call('setVents', { open: 0.4 })
// @ts-expect-error a number is expected
port.call('setVent', { open: 'wide' })
console.log(greenhouse.hash)
`,
    )
    writeFileSync(
      join(to, 'tsconfig.json'),
      JSON.stringify({
        extends: '../../tsconfig.json',
        compilerOptions: { noEmit: false, outDir: 'out', rootDir: '.' },
        include: ['*.ts'],
      }),
    )
    execFileSync(join(root, 'node_modules/.bin/tsc'), ['-p', to], { encoding: 'utf8' })
    expect(
      execFileSync(
        process.execPath,
        [
          '-e',
          `import(${JSON.stringify(join(to, 'out/greenhouse.contract.js'))}).then((m) => console.log(m.greenhouse.hash))`,
        ],
        { encoding: 'utf8' },
      ),
    ).toBe(`${greenhouse.hash}\n`)
    // Its own rules: single quotes, no semicolons, two blanks.
    expect(text).not.toMatch(/;$|\t|"greenhouse"\)/m)
    for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(120)
  })

  it('without an output lists what the contract offers', async () => {
    const { code, out } = await runCli('generate', DOOR)
    expect(code).toBe(0)
    expect(out.split('\n')).toEqual([
      expect.stringMatching(/^door 1\.0, hash [0-9a-f]{8}$/),
      'action unlock(seconds: u8 1..60 s) -> bool  # Opens the lock for a while; answers whether the door was shut.',
      'action beep()  # Sounds the buzzer once.',
      'event! opened(card: str(16), wasLocked: bool)  # Somebody came in.',
      'request mayEnter(card: str(16)) -> bool  # Asked when a card is shown.',
      '',
    ])
  })

  it('--schema prints the JSON Schema that editors take', async () => {
    const { code, out } = await runCli('generate', '--schema')
    expect(code).toBe(0)
    const schema = JSON.parse(out)
    expect(schema).toMatchObject({ type: 'object', additionalProperties: false, required: ['name', 'version'] })
    expect(Object.keys(schema.properties)).toEqual(['name', 'version', 'protocol', 'actions', 'events', 'requests'])
  })

  it('--check is 0 for a compatible change and 1 for a breaking one, a line each', async () => {
    const old = file('old.yaml', "name: pump\nversion: '1'\nactions:\n  start: {args: {speed: u8}}\n")
    const longer = file('new.yaml', "name: pump\nversion: '1'\nactions:\n  start: {args: {speed: u8}}\n  stop: {}\n")
    const wider = file('new.yaml', "name: pump\nversion: '1'\nactions:\n  start: {args: {speed: u16}}\n")
    const ok = await runCli('generate', '--check', old, longer)
    expect(ok).toMatchObject({ code: 0, out: '' })
    expect(ok.err).toMatch(/^portwire: compatible; the hash changes: /)
    expect(await runCli('generate', '--check', old, wider)).toEqual({
      code: 1,
      out: 'action start, speed: u16 is sent, u8 is taken (new host, old device)\n',
      err: '',
    })
    expect((await runCli('generate', '--check', '--first', 'board', old, wider)).code).toBe(0)
    expect((await runCli('generate', '--check', '--first', 'host', old, wider)).code).toBe(1)
  })

  it('--from a board writes its contract back, whatever the host knows', async () => {
    const to = folder()
    const path = await board()
    const { code, err } = await runCli(
      'generate',
      '--from',
      path,
      '--json',
      join(to, 'g.json'),
      '--cpp',
      join(to, 'g.h'),
    )
    expect([code, err]).toEqual([0, ''])
    const contract = await loadContract(join(to, 'g.json'))
    expect(descriptorOf(contract)).toEqual(descriptorOf(greenhouse))
    expect(readFileSync(join(to, 'g.h'), 'utf8')).toContain(
      `kContractHash = 0x${greenhouse.hash.toString(16).padStart(8, '0')}`,
    )
  })

  it('writes over what it has written, and not over the file of a person', async () => {
    const to = folder()
    const path = (name: string) => join(to, name)
    const put = (name: string, text: string) => writeFileSync(path(name), text)
    const flags = ['--cpp', path('c.h'), '--ts', path('c.ts'), '--json', path('c.json'), '--yaml', path('c.yaml')]
    expect((await runCli('generate', GREENHOUSE, ...flags)).code).toBe(0)
    // Another contract, over all four; an empty file is nobody's, and line ends of Windows are the same text.
    put('c.json', readFileSync(path('c.json'), 'utf8').replaceAll('\n', '\r\n'))
    put('c.ts', '')
    expect(await runCli('generate', DOOR, ...flags)).toEqual({ code: 0, out: '', err: '' })
    const door = readFileSync(DOOR, 'utf8')
    const foreign = {
      'main.cpp': 'int main() {}\n',
      'door.yaml': door,
      'package.json': '{ "name": "x" }\n',
      'a.ts': 'x()\n',
    }
    for (const [name, text] of Object.entries(foreign)) put(name, text)
    for (const [flag, name] of [
      ['--cpp', 'main.cpp'],
      ['--cpp', 'door.yaml'],
      ['--yaml', 'door.yaml'],
      ['--ts', 'a.ts'],
    ] as const) {
      const { code, err } = await runCli('generate', DOOR, '--json', path('new.json'), flag, path(name))
      expect([code, err]).toEqual([
        2,
        `portwire: ${path(name)} is there already, and portwire generate has not written it: give another file, or --force\n`,
      ])
      expect(readFileSync(path(name), 'utf8')).toBe(foreign[name])
      // What is in the way is told before the other is written.
      expect(existsSync(path('new.json'))).toBe(false)
    }
    expect((await runCli('generate', DOOR, '--json', path('package.json'))).code).toBe(2)
    expect((await runCli('generate', DOOR, '--json', path('package.json'), '--force')).code).toBe(0)
    expect(parseContract('x', readFileSync(path('package.json'), 'utf8')).name).toBe('door')
  })

  it.each<[string, string[], RegExp]>([
    [
      'two outputs in one file',
      ['generate', DOOR, '--json', '/tmp/./x', '--yaml', '/tmp/x'],
      /--json and --yaml both write \/tmp\/x: give one of them another/,
    ],
    ['two outputs on stdout', ['generate', DOOR, '--cpp', '-', '--ts', '-'], /--cpp and --ts both write -/],
    ['an output without a name', ['generate', DOOR, '--ts', ''], /--ts needs a file, or - for stdout/],
    [
      'a port in the place of a file',
      ['generate', '/dev/zero'],
      /\/dev\/zero: is no file; portwire generate --from \/dev\/zero asks a board there/,
    ],
    [
      'no file',
      ['generate'],
      /^portwire: one contract file is expected, none was given; or --from a board, or --check OLD NEW\n$/,
    ],
    ['two files', ['generate', 'a.yaml', 'b.yaml'], /one contract file is expected, 2 were given/],
    ['a file that is not there', ['generate', 'nope.yaml'], /^portwire: nope\.yaml: no such file\n$/],
    ['a file and a board', ['generate', 'a.yaml', '--from', '/dev/x'], /--from and the file a\.yaml: give one of them/],
    [
      'one file to check',
      ['generate', '--check', 'a.yaml'],
      /--check needs two contract files, the old one and the new one; 1 given/,
    ],
    ['a check that writes', ['generate', '--check', 'a.yaml', 'b.yaml', '--ts', 'x'], /--check writes nothing/],
    ['--first without --check', ['generate', DOOR, '--first', 'host'], /--first goes with --check/],
    ['a side that is none', ['generate', '--check', 'a', 'b', '--first', 'both'], /--first.*host, board/],
    ['a schema with a file', ['generate', '--schema', 'a.yaml'], /--schema stands alone/],
    [
      'an output that cannot be written',
      ['generate', DOOR, '--json', '/nowhere/x.json'],
      /\/nowhere\/x\.json cannot be written/,
    ],
    ['a misspelt flag', ['generate', DOOR, '--jsn', 'x'], /unknown option '--jsn' \(did you mean --json\?\)/],
  ])('says what is wrong with %s in one line, and ends with 2', async (_what, args, line) => {
    const { code, out, err } = await runCli(...args)
    expect(err).toMatch(line)
    expect(err.trimEnd().split('\n')).toHaveLength(1)
    expect([code, out]).toEqual([2, ''])
  })
})

describe('a board without a contract file', () => {
  it('call without an action lists what the board offers, with types', async () => {
    const path = await board()
    const { code, out, err } = await runCli('call', path)
    expect([code, err]).toEqual([0, ''])
    expect(out).toContain('action setVent(open: f32) -> f32\n')
    expect(out).toContain('event reading(celsius: f32, humidity: f32)\n')
    expect(out).toContain('request getSetpoint(zone: u8) -> f32\n')
    const json = await runCli('call', path, '--json')
    expect(parseContract('out', json.out).hash).toBe(greenhouse.hash)
  })

  it('call checks names and types by what the board told, in one line', async () => {
    const path = await board()
    expect(await runCli('call', path, 'setVent', 'open=0.4')).toEqual({ code: 0, out: '0.4\n', err: '' })
    expect(await runCli('call', path, 'setVen', 'open=0.4')).toEqual({
      code: 2,
      out: '',
      err: 'portwire: greenhouse has no action setVen (did you mean setVent?)\n',
    })
    expect(await runCli('call', path, 'setVent', 'open=wide')).toEqual({
      code: 2,
      out: '',
      err: 'portwire: setVent.open: expected a number, got "wide"\n',
    })
  })

  it('monitor names the events as the board does', async () => {
    const path = await board()
    const monitor = startCli(['monitor', path, '--json'])
    await until(() => monitor.out().includes('"event":"reading"'), 5_000, 'a reading')
    monitor.stop()
    expect(await monitor.code).toBe(0)
    expect(monitor.err()).toBe('')
  })
})
