// libFuzzer over the device library: firmware/fuzz/*.cpp. The corpora stand in the repository, a line of hex an input; each is
// replayed first, then new inputs are made for some seconds.

import { spawn } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import path from 'node:path'
import { filesIn, isStale, needTools, run } from './tools.mjs'

const SOURCES = 'firmware/fuzz'
const CORPORA = `${SOURCES}/corpus`
/** No longer inputs than these are made: each tells more when it is short. What is kept reaches each branch, and with `counters`
 * each also a different number of times. `flags` of its own stand behind the others. */
const TARGETS = [
  { name: 'frame', maxBytes: 128, counters: 1, flags: [] },
  { name: 'reader', maxBytes: 64, counters: 1, flags: [] },
  // The longest that leaves 100,000 inputs a second of CPU time. Undefined behaviour ends it at the place, without a sentence about it:
  // the sentences take a seventh of the time.
  { name: 'session', maxBytes: 64, counters: 0, flags: ['-O3', '-fsanitize-trap=undefined'] },
]
// Without tracing of comparisons: it takes half of the time, and the CRC that it could guess is made by the target itself.
const FLAGS = [
  '-std=c++11',
  '-O2',
  '-g1',
  '-Wall',
  '-Wextra',
  '-Werror',
  '-fsanitize=fuzzer,address,undefined',
  '-fno-sanitize-recover=all',
  '-fno-sanitize-coverage=trace-cmp',
  // The check that costs a branch in every function stays off by default at run time.
  '-fsanitize-address-use-after-return=never',
]
/** So many targets run at once. */
const JOBS = availableParallelism()
/** The statistics stand at the end. */
const STDERR_CHARACTERS = 1 << 16

/** @param keep  what was found goes into the corpora, minimised
 *  @returns a row a target; throws with the input that broke one */
export async function fuzzLibrary({ build, library, seconds, seed, keep = false }) {
  needTools(['clang++-14'], [], 'clang-14 libclang-rt-14-dev')
  const directory = `${build}/fuzz`
  mkdirSync(directory, { recursive: true })
  const inputs = [
    ...filesIn(SOURCES).filter((file) => /\.(cpp|h)$/.test(file)),
    ...filesIn('firmware/probe'),
    ...filesIn(library),
  ]
  await eachOf(TARGETS, async ({ name, flags }) => {
    const target = `${directory}/${name}`
    if (isStale(target, [...inputs, 'scripts/firmware/fuzz.mjs'])) {
      await run('clang++-14', [...FLAGS, ...flags, `-I${library}`, `${SOURCES}/${name}.cpp`, '-o', target])
    }
  })
  // All at once: each is given its time, and rates are told by CPU time.
  return Promise.all(TARGETS.map((target) => fuzz(target, { directory, seconds, seed, keep })))
}

/** The results in the order of the items, some at a time. */
async function eachOf(items, work) {
  const results = []
  const waiting = [...items.entries()]
  const worker = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) results[next[0]] = await work(next[1])
  }
  await Promise.all(Array.from({ length: JOBS }, worker))
  return results
}

async function fuzz({ name, maxBytes, counters }, { directory, seconds, seed, keep }) {
  const corpus = unpack(`${directory}/${name}-corpus`, readCorpus(name))
  const found = unpack(`${directory}/${name}-found`, [])
  const binary = `${directory}/${name}`
  await start(binary, ['-runs=0', corpus])
  const options = [`-max_total_time=${seconds}`, `-max_len=${maxBytes}`, `-seed=${seed}`, '-print_final_stats=1']
  const { stderr, cpuSeconds } =
    seconds > 0 ? await start(binary, [...options, found, corpus]) : { stderr: '', cpuSeconds: 0 }
  const statistic = (key) => Number(new RegExp(`stat::${key}:\\s+(\\d+)`).exec(stderr)?.[1] ?? 0)
  if (keep) {
    const merged = unpack(`${directory}/${name}-merged`, [])
    await start(binary, ['-merge=1', `-use_counters=${counters}`, `-max_len=${maxBytes}`, merged, corpus, found])
    const lines = readdirSync(merged).map((file) => readFileSync(path.join(merged, file)).toString('hex'))
    writeFileSync(
      `${CORPORA}/${name}.txt`,
      `${lines.sort((a, b) => a.length - b.length || (a < b ? -1 : 1)).join('\n')}\n`,
    )
  }
  const executions = statistic('number_of_executed_units')
  return {
    name,
    replayed: readdirSync(corpus).length,
    executions,
    perSecond: statistic('average_exec_per_sec'),
    perCpuSecond: cpuSeconds > 0 ? Math.round(executions / cpuSeconds) : 0,
    seed,
  }
}

/** The inputs of a corpus, as bytes. */
function readCorpus(name) {
  const lines = readFileSync(`${CORPORA}/${name}.txt`, 'utf8').split('\n')
  return lines.filter((line) => line !== '').map((line) => Buffer.from(line, 'hex'))
}

function unpack(directory, inputs) {
  rmSync(directory, { recursive: true, force: true })
  mkdirSync(directory, { recursive: true })
  for (const [i, input] of inputs.entries()) writeFileSync(`${directory}/${String(i).padStart(4, '0')}`, input)
  return directory
}

/** Runs a target and counts its CPU time; a broken promise ends everything, with the input in hex. */
async function start(binary, args) {
  const artifact = `${binary}-broken`
  rmSync(artifact, { force: true })
  const shell = ['-c', 'TIMEFORMAT="cpu %U %S"; time "$@"', 'bash', binary, `-exact_artifact_path=${artifact}`, ...args]
  // A group of its own: what is ended early takes the target with it.
  const child = spawn('bash', shell, { stdio: ['ignore', 'ignore', 'pipe'], detached: true })
  const end = () => process.kill(-child.pid, 'SIGKILL')
  process.once('exit', end)
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (text) => {
    stderr = (stderr + text).slice(-STDERR_CHARACTERS)
  })
  const status = await new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  process.removeListener('exit', end)
  if (status !== 0) {
    let input = '(no input kept)'
    try {
      input = readFileSync(artifact).toString('hex')
    } catch {} // it failed before it had one
    throw new Error(`${binary} ended with ${status} on ${input}\n${stderr.slice(-4000)}`)
  }
  const [, user, system] = /cpu ([\d.]+) ([\d.]+)/.exec(stderr) ?? []
  return { stderr, cpuSeconds: Number(user) + Number(system) }
}
