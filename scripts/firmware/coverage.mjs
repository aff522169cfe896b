// Which lines of the device library its own tests run, with nothing left out: clang's source based coverage, line by line.

import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { flagsOf } from './flags.mjs'
import { compileAll, filesIn, isStale, needTools, run, sourcesIn } from './tools.mjs'

export const COVERAGE_TARGET_PERCENT = 95
// -w: g++ is who judges the sources.
const FLAGS = ['-O0', '-w', '-fprofile-instr-generate', '-fcoverage-mapping']

/** Builds the tests, runs them, and counts.
 * @returns percent, files: [{ file, lines, covered, missed: [line] }], and notBuilt: what only another machine can run */
export async function coverLibrary({ build, library, tests, vectors }) {
  needTools(['clang++-14', 'llvm-cov-14', 'llvm-profdata-14'], [], 'clang-14 llvm-14 libclang-rt-14-dev')
  const directory = `${build}/coverage`
  const target = `${directory}/tests`
  const inputs = [...filesIn(tests), ...filesIn(library)]
  if (isStale(target, [...inputs, `${vectors}/vectors.h`, 'scripts/firmware/coverage.mjs'])) {
    // Optimised code has lines that are nowhere.
    const flags = flagsOf('env:tests').filter((flag) => !/^-O|^-W|^-fsanitize|^-fno-sanitize|^-I/.test(flag))
    const sources = [...sourcesIn(tests), ...sourcesIn(`${library}/portwire`)]
    const all = [...flags, ...FLAGS, `-I${library}`, `-I${vectors}`]
    await run('clang++-14', [
      ...FLAGS,
      ...(await compileAll('clang++-14', directory, sources, () => all)),
      '-o',
      target,
    ])
  }
  const profile = path.resolve(`${directory}/tests.profraw`)
  // %p: a test that starts itself again must not overwrite what the first has counted.
  const environment = { ...process.env, LLVM_PROFILE_FILE: profile.replace('.profraw', '-%p.profraw') }
  for (const old of filesIn(directory).filter((file) => file.endsWith('.profraw'))) spawnSync('rm', [old])
  const ran = spawnSync(target, { encoding: 'utf8', env: environment, maxBuffer: 1 << 26 })
  if (ran.status !== 0) throw new Error(`the tests failed:\n${ran.stdout.slice(-4000)}`)
  const profiles = filesIn(directory).filter((file) => file.endsWith('.profraw'))
  await run('llvm-profdata-14', ['merge', ...profiles, '-o', `${directory}/tests.profdata`])
  const { stdout } = spawnSync(
    'llvm-cov-14',
    ['export', target, `-instr-profile=${directory}/tests.profdata`, '-format=lcov', path.resolve(library)],
    { encoding: 'utf8', maxBuffer: 1 << 28 },
  )
  const files = stdout
    .split('end_of_record\n')
    .filter(Boolean)
    .map((record) => {
      const file = path.relative(path.resolve(library), /^SF:(.*)$/m.exec(record)[1])
      const lines = [...record.matchAll(/^DA:(\d+),(\d+)/gm)].map(([, line, count]) => [Number(line), Number(count)])
      const missed = lines.filter(([, count]) => count === 0).map(([line]) => line)
      return { file, lines: lines.length, covered: lines.length - missed.length, missed }
    })
  const sum = (key) => files.reduce((total, file) => total + file[key], 0)
  const seen = new Set(files.map(({ file }) => file))
  const notBuilt = filesIn(library)
    .map((file) => path.relative(library, file))
    .filter((file) => !seen.has(file) && isCode(path.join(library, file)))
  return {
    percent: (100 * sum('covered')) / sum('lines'),
    lines: sum('lines'),
    covered: sum('covered'),
    files,
    notBuilt,
  }
}

/** A header of constants alone has no line that runs. */
function isCode(file) {
  return /\.cpp$/.test(file) || /\) (const )?\{/.test(readFileSync(file, 'utf8'))
}

export function printCoverage({ percent, lines, covered, files, notBuilt }, library) {
  for (const file of files) {
    console.log(
      `${file.file.padEnd(36)} ${String(file.covered).padStart(5)} of ${String(file.lines).padStart(5)} lines`,
    )
    const source = readFileSync(path.join(library, file.file), 'utf8').split('\n')
    for (const line of file.missed) console.log(`  not run: ${line}: ${source[line - 1].trim()}`)
  }
  console.log(`${covered} of ${lines} lines, ${percent.toFixed(1)} % (at least ${COVERAGE_TARGET_PERCENT} %)`)
  console.log(`built for other machines only, and not counted: ${notBuilt.join(', ')}`)
}
