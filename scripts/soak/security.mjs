// What a hostile device, client, name or network may not do. The tests whose names begin with these ids run whole in `npm test` too;
// here they are counted, one line for each promise: the tests, and what they say themselves that they have counted (test/figures.ts).

import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fail, root } from '../setup.mjs'

/** `least`: what the tests must have counted, so that none of them can be lost without a word. */
const PROMISES = {
  R17: {
    what: 'what msgpack may mean, from the bytes of a device to JSON',
    target: 'each value that says two things refused, each other one said exactly',
    least: { refused: 19, exact: 12 },
  },
  R21: {
    what: 'hostile names, topics and payloads, the 461 of big-list-of-naughty-strings among them, at aedes and at Mosquitto',
    target: '0 publishes and 0 subscriptions outside of its own tree, both brokers and the gateway go on',
    least: { strings: 580, naughty: 461, sentToAedes: 8_000, sentToMosquitto: 8_000 },
  },
  R22: {
    what: '6 roles, 20 topics, 5 ways, at the embedded broker and at Mosquitto with the generated access list',
    target: '600 of 600 decisions as the table says, at both',
    least: { embedded: 600, mosquitto: 600 },
  },
  R26: {
    what: 'names made to reach a file or a shell, as arguments, in configs, over MQTT and told by a board, traced by the kernel',
    target: '0 files touched, 0 programs started but those that are configured',
    least: { names: 300 },
  },
  R27: {
    what: '10,000 hostile lines of a device, one of 1 MB, at the monitor and in the log',
    target: 'one harmless line each, at most 50 a second, or counted',
    least: {},
  },
  R28: {
    what: 'umask 000, secrets that others may read, five canaries',
    target: 'modes 0700 and 0600, no start on a secret that others may read, no canary seen',
    least: { canaries: 5 },
  },
  R29: {
    what: 'brokers behind TLS that are not to be trusted',
    target: 'each refused without a byte of MQTT, a renewed certificate taken without loss',
    least: { refused: 6 },
  },
}
const ids = Object.keys(PROMISES)

/** The names of the tests of a promise: `R21: ...`, `D2, R17: ...`. */
const nameOf = (id) => new RegExp(`\\b(${id})\\b[^:]*: `)

export function* run({ seed }) {
  const tests = testsOf(seed)
  for (const [id, { what, target, least }] of Object.entries(PROMISES)) {
    const own = tests.filter(({ fullName }) => nameOf(id).test(fullName))
    const passed = own.filter(({ status }) => status === 'passed').length
    const counted = sumOf(own.map(({ meta }) => meta.figures ?? {}))
    yield {
      what: `${id}: ${what}`,
      figures: { passed, failed: own.length - passed, ...counted },
      target,
      ok: passed > 0 && passed === own.length && Object.entries(least).every(([name, count]) => counted[name] >= count),
    }
  }
}

/** Runs them. @returns those that were run, as Vitest's JSON reporter writes them */
function testsOf(seed) {
  const folder = mkdtempSync(join(tmpdir(), 'portwire-soak-'))
  const report = join(folder, 'report.json')
  const files = readdirSync(join(root, 'test'), { recursive: true })
    .filter((file) => file.endsWith('.test.ts'))
    .map((file) => join(root, 'test', file))
    .filter((file) => ids.some((id) => readFileSync(file, 'utf8').includes(`${id}: `)))
  const words = ['-t', nameOf(ids.join('|')).source, '--reporter=json', `--outputFile=${report}`]
  const env = { ...process.env, SEED: String(seed) }
  spawnSync('npx', ['vitest', 'run', ...files, ...words], { cwd: root, env, stdio: ['ignore', 2, 2] })
  try {
    const { testResults } = JSON.parse(readFileSync(report, 'utf8'))
    // A file that does not load has no tests, so that nobody would miss them.
    for (const { name, status, message } of testResults) if (status === 'failed') console.error(name, message)
    return testResults.flatMap(({ assertionResults }) => assertionResults)
  } catch (error) {
    return fail(`vitest has left no report: ${error.message}`)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function sumOf(all) {
  const sums = {}
  for (const figures of all) for (const [name, count] of Object.entries(figures)) sums[name] = (sums[name] ?? 0) + count
  return sums
}
