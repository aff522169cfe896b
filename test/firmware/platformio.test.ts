// platformio.ini, which both PlatformIO and scripts/firmware.mjs read: it is what PlatformIO's documentation allows, and no flag is
// anywhere else.
import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
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
  'platform board framework build_flags extends extra_scripts monitor_speed test_framework test_filter test_ignore'.split(
    ' ',
  )

/** Every `-flag` that the scripts of the build may hold: how a compiler is called, never how it compiles. */
const CALLING = ['-c', '-o', '-x', '-include', '-O', '-R', '-A']

/** PlatformIO runs a script of `pre:` before the platform's, any other after it. */
function scriptsOf(environment: string): { launch: string; path: string }[] {
  const words = (sections.get(environment)!.get('extra_scripts') ?? '').split(/\s+/).filter(Boolean)
  return words
    .map((word) => /^(pre|post):(.*)$/.exec(word) ?? [word, 'post', word])
    .map(([, launch, path]) => ({
      launch: launch!,
      path: path!,
    }))
}

/** What a script of SCons sees, as far as ours need it: Import() puts the environment among its names. */
const SCONS = `
import os, sys
class Environment(dict):
    def subst(self, text): return text.replace("$PROJECT_DIR", os.getcwd())
    def Exit(self, status): sys.exit(status)
    def AppendUnique(self, **values):
        for name, added in values.items(): self[name] = self.get(name, []) + [v for v in added if v not in self.get(name, [])]
env = Environment(CCFLAGS=sys.argv[2:], LINKFLAGS=["-Wl,--gc-sections"])
exec(compile(open(sys.argv[1]).read(), sys.argv[1], "exec"), {"Import": lambda *names: None, "env": env})
print(" ".join(env["LINKFLAGS"]))`

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
      for (const script of scriptsOf(name)) expect(existsSync(path.join(root, script.path)), script.path).toBe(true)
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

describe('pio test', () => {
  const suites = readdirSync(path.join(root, sections.get('platformio')!.get('test_dir')!)).filter((name) =>
    name.startsWith('test_'),
  )

  /** The project as PlatformIO finds it where nothing was installed: no node_modules. */
  function inProject(run: (folder: string) => void) {
    const folder = mkdtempSync(path.join(tmpdir(), 'portwire-pio-'))
    try {
      for (const part of ['firmware/test_vectors.py', 'scripts/firmware/vectors.mjs', 'test/vectors']) {
        mkdirSync(path.dirname(path.join(folder, part)), { recursive: true })
        cpSync(path.join(root, part), path.join(folder, part), { recursive: true })
      }
      run(folder)
    } finally {
      rmSync(folder, { recursive: true })
    }
  }
  const scons = (script: string, cwd: string, PATH: string, flags: readonly string[] = []) => {
    const python = spawnSync('python3', ['-c', 'import sys; print(sys.executable)'], { encoding: 'utf8' }).stdout.trim()
    return spawnSync(python, ['-c', SCONS, script, ...flags], { cwd, encoding: 'utf8', env: { PATH } })
  }

  it('gives the tests to the environment of the tests, and to no board', () => {
    expect(suites).toEqual(['test_native'])
    for (const name of environments) {
      const isTests = name === 'env:tests'
      // `*` stands for all; an environment inherits it from what it extends.
      const ignored = isTests
        ? sections.get(name)!.has('test_ignore')
        : flagsOf(name, 'test_ignore', FILE).includes('*')
      expect(ignored, name).toBe(!isTests)
    }
    expect(flagsOf('env:tests', 'test_filter', FILE)).toEqual(suites)
    expect(flagsOf('env:tests', 'test_framework', FILE)).toEqual(['doctest'])
  })

  it('writes the header of shared vectors before anything is compiled, where the compiler looks for it', () => {
    expect(scriptsOf('env:tests')[0]).toEqual({ launch: 'pre', path: 'firmware/test_vectors.py' })
    inProject((folder) => {
      const { status, stderr } = scons('firmware/test_vectors.py', folder, process.env['PATH']!)
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
      const include = flagsOf('env:tests', 'build_flags', FILE)
        .find((flag) => flag.startsWith('-I'))!
        .slice(2)
      expect(readFileSync(path.join(folder, include, 'vectors.h'), 'utf8')).toContain('kFramesSent')
    })
  })

  it('says what is missing where there is no Node.js, and where it fails, and builds nothing then', () => {
    inProject((folder) => {
      const without = scons('firmware/test_vectors.py', folder, path.join(folder, 'no-programs'))
      expect(without.status).toBe(1)
      expect(without.stderr).toContain('env:tests needs Node.js 20.19 or later in the PATH')
      rmSync(path.join(folder, 'scripts'), { recursive: true })
      const failed = scons('firmware/test_vectors.py', folder, process.env['PATH']!)
      expect(failed.status).toBe(1)
      expect(failed.stderr).toContain('scripts/firmware/vectors.mjs build/firmware/tests/vectors.h has failed')
      expect(existsSync(path.join(folder, 'build'))).toBe(false)
    })
  })

  it('gives the sanitizers to the linker too, behind what it has already', () => {
    expect(scriptsOf('env:tests')).toContainEqual({ launch: 'post', path: 'firmware/test_sanitizers.py' })
    const flags = flagsOf('env:tests', 'build_flags', FILE)
    const sanitizers = flags.filter((flag) => flag.startsWith('-fsanitize='))
    expect(sanitizers).not.toEqual([])
    const { stdout } = scons('firmware/test_sanitizers.py', root, process.env['PATH']!, flags)
    expect(stdout.trim().split(' ')).toEqual(['-Wl,--gc-sections', ...sanitizers])
  })

  it('is told by the tests of each that passes, and not by their exit code', () => {
    const main = readFileSync(path.join(root, 'firmware/test/test_native/main.cpp'), 'utf8')
    const forPlatformIO = /#ifdef PIO_UNIT_TESTING\n(.*?)#endif/s.exec(main)![1]
    expect(forPlatformIO).toContain('context.setOption("success", true)')
    expect(forPlatformIO).toContain('context.setOption("no-exitcode", true)')
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
