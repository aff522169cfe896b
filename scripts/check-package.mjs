// `npm run check:package`: packs the package, installs the tarball into an empty project, and uses it as a stranger would:
// the command line, the types, and a call to the emulated board.

import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build, checkNode, fail, installPackages, root } from './setup.mjs'

checkNode()
installPackages()
build()

const project = mkdtempSync(join(tmpdir(), 'portwire-package-'))
const npm = (args, cwd) =>
  execFileSync('npm', [...args, '--no-audit', '--no-fund', '--loglevel=error'], { cwd, encoding: 'utf8' })

try {
  npm(['pack', '--ignore-scripts', '--pack-destination', project], root)
  const tarball = readdirSync(project).find((name) => name.endsWith('.tgz'))
  writeFileSync(join(project, 'package.json'), JSON.stringify({ name: 'stranger', private: true, type: 'module' }))
  npm(['install', '--ignore-scripts', '--prefer-offline', `./${tarball}`], project)

  const help = execFileSync('npx', ['--no-install', 'portwire', '--help'], { cwd: project, encoding: 'utf8' })
  expect(/Usage: portwire/i.test(help) && help.includes('gateway'), 'npx portwire --help does not list its commands')

  writeFileSync(join(project, 'stranger.ts'), STRANGER())
  const compiler = join(root, 'node_modules/.bin/tsc')
  const flags = [
    '--strict',
    '--module',
    'nodenext',
    '--target',
    'es2023',
    '--types',
    'node',
    '--typeRoots',
    join(root, 'node_modules/@types'),
  ]
  const compiled = spawnSync(compiler, [...flags, 'stranger.ts'], { cwd: project, encoding: 'utf8' })
  expect(compiled.status === 0, `a program that imports portwire does not compile:\n${compiled.stdout}`)
  const said = execFileSync('node', ['stranger.js'], { cwd: project, encoding: 'utf8' }).trim()
  expect(said === '0.5', `a program that imports portwire printed ${said} in place of 0.5`)
  console.log(`the package installs, runs and type-checks (${tarball})`)
} finally {
  rmSync(project, { recursive: true, force: true })
}

function expect(condition, problem) {
  if (!condition) fail(problem)
}

function STRANGER() {
  return `
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { open, type Port } from 'portwire'
import { createBoardBinding, createUno, createVirtualClock, greenhouse } from 'portwire/testing'

const folder = dirname(createRequire(import.meta.url).resolve('portwire/package.json'))
const image = await readFile(join(folder, 'firmware/images/greenhouse-uno.hex'), 'utf8')
const clock = createVirtualClock()
const board = createUno({ image, clock })
const binding = createBoardBinding({ '/dev/uno': board })
const port: Port<(typeof greenhouse)['definition']> = await clock.until(open(greenhouse, { serial: '/dev/uno', binding, clock }))
const taken: number = await clock.until(port.call('setVent', { open: 0.5 }))
// @ts-expect-error no such action
void (() => port.call('fly'))
console.log(taken)
await clock.until(port.close())
`
}
