// platformio.ini, which both PlatformIO and scripts/firmware.mjs read: it is what PlatformIO's documentation allows, and no flag is
// anywhere else.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { flagsOf, readIni } from '../../scripts/firmware/flags.mjs'
import { root } from './build.js'

const FILE = path.join(root, 'platformio.ini')
const sections = readIni(FILE)
const environments = [...sections.keys()].filter((name) => name.startsWith('env:'))

/** Of PlatformIO's documentation, "Project configuration file": what this project uses of it. */
const PROJECT_OPTIONS = ['default_envs', 'src_dir', 'lib_dir', 'test_dir']
const ENVIRONMENT_OPTIONS =
  'platform board framework build_flags extends extra_scripts monitor_speed test_framework'.split(' ')

/** Every `-flag` that the scripts of the build may hold: how a compiler is called, never how it compiles. */
const CALLING = ['-c', '-o', '-x', '-include', '-O', '-R', '-A']

const INHERITING = `
; a comment
[env]
build_flags = -Wall
[base]
build_flags =
  \${env.build_flags}
  ; another
  -D NAME=1
[env:a]
extends = base
[env:b]
platform = native
[env:c]
build_flags = \${env:a.build_flags} -I some/where
`

describe('platformio.ini', () => {
  it('means to Python, whose reader PlatformIO uses, what it means to the build', () => {
    const script = `
import configparser, json, sys
ini = configparser.ConfigParser(inline_comment_prefixes=("#", ";"), interpolation=None, strict=True)
ini.read_file(open(sys.argv[1]))
print(json.dumps({name: dict(ini.items(name)) for name in ini.sections()}))`
    const said = JSON.parse(execFileSync('python3', ['-c', script, FILE], { encoding: 'utf8' }))
    const words = (text: string) => text.split(/\s+/).filter(Boolean)
    const ours = Object.fromEntries(
      [...sections].map(([name, section]) => [
        name,
        Object.fromEntries([...section].map(([key, value]) => [key, words(value)])),
      ]),
    )
    const theirs = Object.fromEntries(
      Object.entries(said as Record<string, Record<string, string>>).map(([name, section]) => [
        name,
        Object.fromEntries(Object.entries(section).map(([key, value]) => [key, words(value)])),
      ]),
    )
    expect(ours).toEqual(theirs)
  })

  it('has only options that PlatformIO knows, or that are marked as our own', () => {
    for (const key of sections.get('platformio')!.keys()) expect(PROJECT_OPTIONS).toContain(key)
    for (const name of [...environments, 'env', 'arduino', 'avr']) {
      const unknown = [...sections.get(name)!.keys()].filter((key) => !key.startsWith('custom_'))
      expect(
        unknown.filter((key) => !ENVIRONMENT_OPTIONS.includes(key)),
        name,
      ).toEqual([])
    }
  })

  it('has an environment for each board, all of the same sources', () => {
    expect(environments.map((name) => name.slice(4))).toEqual([
      ...['uno', 'megaatmega2560', 'pico', 'esp32dev', 'nucleo_f401re', 'teensy41', 'native', 'cortex_m3', 'tests'],
    ])
    const project = sections.get('platformio')!
    for (const key of ['src_dir', 'lib_dir', 'test_dir'])
      expect(existsSync(path.join(root, project.get(key)!))).toBe(true)
    expect(environments).toContain(`env:${project.get('default_envs')}`)
    for (const name of environments) {
      expect(flagsOf(name, 'platform', FILE), name).toHaveLength(1)
      expect(flagsOf(name, 'build_flags', FILE), name).toEqual(expect.arrayContaining(['-Wall', '-Wextra']))
      if (flagsOf(name, 'platform', FILE)[0] === 'native') continue
      expect(flagsOf(name, 'board', FILE), name).toHaveLength(1)
      expect(flagsOf(name, 'framework', FILE), name).toEqual(['arduino'])
    }
  })

  it('names files that are there', () => {
    for (const name of environments) {
      const script = sections.get(name)!.get('extra_scripts')
      if (script !== undefined) expect(existsSync(path.join(root, script)), script).toBe(true)
    }
    const linkScript = flagsOf('env:cortex_m3', 'custom_link_flags', FILE).find((flag) => flag.startsWith('-Wl,-T,'))!
    expect(existsSync(path.join(root, linkScript.slice('-Wl,-T,'.length)))).toBe(true)
  })

  it('treats warnings as errors wherever the tests build', () => {
    for (const name of ['env:native', 'env:cortex_m3', 'env:tests', 'debian_examples']) {
      expect(flagsOf(name, 'build_flags', FILE), name).toEqual(expect.arrayContaining(['-Werror', '-Wall', '-Wextra']))
    }
    expect(flagsOf('debian_uno', 'our_flags', FILE)).toContain('-Werror')
  })
})

describe('the build', () => {
  // Not those that only check: coverage, fuzzing and warnings go through dialects and compilers of their own.
  const scripts = ['firmware', 'firmware/tools', 'firmware/flags', 'firmware/examples', 'firmware/cortex-m3']

  it.each(scripts)('%s holds no flag of a compiler', (name) => {
    const code = readFileSync(path.join(root, 'scripts', `${name}.mjs`), 'utf8').replace(/^\s*(\/\/|\*|\/\*).*$/gm, '')
    const literals = [...code.matchAll(/(['"`])(-[^'"`\s]*)\1/g)].map(([, , text]) => text!)
    const flags = literals.filter((text) => /^-[A-Za-z]/.test(text))
    // A folder or a seed is put together where it is known; `--json` and the like are options of the script itself.
    const isPath = (flag: string) => /^-I\$\{\w+\}$/.test(flag) || /^-frandom-seed=\$\{/.test(flag)
    // `-std=` and `-I` alone: what reads the flags of the file looks for them.
    const isRead = (flag: string) => ['-std=', '-I', '-D'].includes(flag)
    expect(flags.filter((flag) => !CALLING.includes(flag) && !isPath(flag) && !isRead(flag))).toEqual([])
  })

  it('reads the file as PlatformIO does: what is inherited, what is put in, and what belongs together', () => {
    const directory = mkdtempSync(path.join(tmpdir(), 'portwire-ini-'))
    const file = path.join(directory, 'platformio.ini')
    try {
      writeFileSync(file, INHERITING)
      expect(flagsOf('env:a', 'build_flags', file)).toEqual(['-Wall', '-DNAME=1'])
      expect(flagsOf('env:b', 'build_flags', file)).toEqual(['-Wall'])
      expect(flagsOf('env:c', 'build_flags', file)).toEqual(['-Wall', '-DNAME=1', '-Isome/where'])
      expect(() => flagsOf('env:d', 'build_flags', file)).toThrow('no [env:d]')
      expect(() => flagsOf('env:a', 'board', file)).toThrow('no board in [env:a]')
      writeFileSync(file, '[env:a]\nplatform = native\n[env:a]\n')
      expect(() => readIni(file)).toThrow('[env:a] twice')
      writeFileSync(file, '[env:a]\nwhat is this\n')
      expect(() => readIni(file)).toThrow('what is "what is this"?')
    } finally {
      rmSync(directory, { recursive: true })
    }
  })
})
