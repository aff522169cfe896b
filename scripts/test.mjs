// `npm test`: sets up a fresh checkout, then checks and tests everything. What CI runs, nothing more.
// With arguments: only those test files, by vitest's own words (`npm test -- test/wire`).

import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync } from 'node:fs'
import { buildExamples, checkNode, fail, installDebianPackages, installPackages, root, run } from './setup.mjs'

const filters = process.argv.slice(2)
const startedMs = performance.now()

checkNode()
installPackages()
installDebianPackages()
buildExamples()

step('lint', () => run('npx', ['biome', 'check', '--error-on-warnings', '.']))
step('types', () => run('npx', ['tsc', '--noEmit', '-p', 'tsconfig.json']))
step('firmware', () => {
  run('node', ['scripts/firmware.mjs', 'all'])
  run('node', ['scripts/reliability-device.mjs'])
})
const counts = step('tests', vitest)
if (filters.length === 0) step('package', () => run('node', ['scripts/check-package.mjs']))

console.log(`\nall done in ${((performance.now() - startedMs) / 1000).toFixed(0)} s`)
// One line that says it all, also for tools that know no TypeScript test runner.
console.log(`${counts.passed} passed, ${counts.failed} failed`)

function step(name, work) {
  console.log(`\n== ${name}`)
  return work()
}

function vitest() {
  const results = 'build/test-results.json'
  mkdirSync(`${root}/build`, { recursive: true })
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${results}`]
  const { status } = spawnSync('npx', ['vitest', 'run', ...reporters, ...filters], { cwd: root, stdio: 'inherit' })
  const report = JSON.parse(readFileSync(`${root}/${results}`, 'utf8'))
  const skipped = report.numPendingTests + report.numTodoTests
  const summary = { passed: report.numPassedTests, failed: report.numFailedTests }
  if (status !== 0 || summary.failed > 0) {
    console.log(`\n${summary.passed} passed, ${summary.failed} failed`)
    process.exit(1)
  }
  if (skipped > 0 && filters.length === 0) fail(`${skipped} tests were skipped: a test that cannot run must fail`)
  return summary
}
