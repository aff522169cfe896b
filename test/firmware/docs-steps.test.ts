/** The steps that docs/firmware.md and docs/porting.md tell, made as they are written, in an empty folder. */

import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { describe, expect, it, onTestFinished } from 'vitest'
import { openDescribed } from '../../src/index.js'
import { requireBuild } from '../cli/built.js'
import { until } from '../gateway/until.js'
import { BUILD_TIMEOUT_MS, root } from './build.js'
import { blocksOf, filesOf } from './doc-blocks.js'

const LIBRARY = path.join(root, 'firmware/lib/portwire/src')

/** An empty folder in which portwire is installed, and the files that the page shows. */
function projectOf(page: string): string {
  requireBuild()
  const project = mkdtempSync(path.join(tmpdir(), 'portwire-steps-'))
  onTestFinished(() => rmSync(project, { recursive: true }))
  mkdirSync(path.join(project, 'node_modules/.bin'), { recursive: true })
  symlinkSync(root, path.join(project, 'node_modules/portwire'))
  symlinkSync('../portwire/dist/cli/main.js', path.join(project, 'node_modules/.bin/portwire'))
  for (const [file, text] of filesOf(page)) writeFileSync(path.join(project, file), text)
  return project
}

/** The commands of a page's sh blocks, one a line. */
const commandsOf = (page: string) =>
  blocksOf(page)
    .filter(({ language }) => language === 'sh')
    .flatMap(({ text }) => text.trimEnd().split('\n'))

/** The first line that a program prints: the path of its terminal. */
async function startProgram(program: string, cwd: string, env: NodeJS.ProcessEnv = process.env) {
  const child: ChildProcess = spawn(program, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  let stderr = ''
  child.stderr!.on('data', (text) => {
    stderr += String(text)
  })
  const tty = await new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stdout! }).once('line', resolve)
    child.once('error', reject)
    child.once('close', (status) => reject(new Error(`it ended with ${status}: ${stderr}`)))
  })
  return { tty, stderr: () => stderr }
}

describe('docs/firmware.md, a program', () => {
  it(
    'the first call without a board: install, generate, compile, run, call',
    async () => {
      const page = 'docs/firmware.md'
      const project = projectOf(page)
      const commands = commandsOf(page)
      // What the page installs from the registry is the tree that is tested.
      expect(commands[0]).toBe('npm install portwire')
      const [generate, compile, run] = commands.slice(1, 4)
      expect(generate).toMatch(/^npx portwire generate /)
      for (const command of [generate!, compile!])
        execFileSync('sh', ['-ec', command], { cwd: project, encoding: 'utf8', stdio: 'pipe' })
      const { tty } = await startProgram(run!, project)
      const calls = commands.slice(4, 7).map((command) => command.replace('/dev/pts/3', tty))
      const [list, on, dose] = calls.map((command) => {
        expect(command).toContain(`npx portwire call ${tty}`)
        return spawnSync('sh', ['-c', command], { cwd: project, encoding: 'utf8' })
      })
      expect(list!.stdout).toMatch(/run\b.*on.*bool/)
      expect(list!.stdout).toMatch(/mayDose/)
      expect(on!.stdout).toBe('true\n')
      expect(on!.status).toBe(0)
      expect(dose!.status).not.toBe(0)
      expect(dose!.stderr).toMatch(/REMOTE_ERROR.*unknown action/i)
    },
    BUILD_TIMEOUT_MS,
  )
})

describe('docs/porting.md, a program', () => {
  it(
    'the worked example answers on its simulated chip; a reset by the host is a boot with the next epoch',
    async () => {
      const page = 'docs/porting.md'
      const project = projectOf(page)
      const header = /portwire generate lamp\.yaml --cpp lamp_contract\.h/.exec(
        readFileSync(path.join(root, page), 'utf8'),
      )
      execFileSync('sh', ['-ec', `npx ${header![0]}`], { cwd: project, stdio: 'pipe' })
      const chip = path.join(root, 'test/firmware/porting')
      const compile = `g++ -std=c++11 -Wall -Wextra -Werror -I${LIBRARY} -I${chip} lamp.cpp ${chip}/*.cpp ${LIBRARY}/portwire/*.cpp -o lamp`
      execFileSync('sh', ['-ec', compile], { cwd: project, stdio: 'pipe' })

      const eeprom = path.join(project, 'eeprom')
      const lamp = await startProgram('./lamp', project, { ...process.env, CHIP_EEPROM: eeprom })
      const port = await openDescribed({ serial: lamp.tty })
      onTestFinished(async () => void (await port.close()))
      expect(await port.call('set', { on: true })).toBe(true)
      await until(
        () => lamp.stderr() === 'lamp 1\n',
        5_000,
        () => `the lamp; there was: ${lamp.stderr()}`,
      )
      expect(port.info().device).toMatchObject({ epoch: 1, resetCause: 'power_on' })
      expect(port.info().device!.maxContentBytes).toBe(120)

      // More than the ring holds, at once: the host sends no more than it has proof of.
      const calls = await Promise.all(Array.from({ length: 100 }, (_, i) => port.call('set', { on: i % 2 === 0 })))
      expect(calls).toEqual(Array.from({ length: 100 }, (_, i) => i % 2 === 0))
      expect(await port.deviceStats()).toMatchObject({ framesDropped: 0 })

      expect(await port.kill()).toEqual({ kind: 'reset', cause: 'software' })
      expect(await port.call('set', { on: false })).toBe(false)
      expect(port.info().device).toMatchObject({ epoch: 2, resetCause: 'software' })
    },
    BUILD_TIMEOUT_MS,
  )
})
