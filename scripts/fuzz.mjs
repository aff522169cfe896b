// `npm run fuzz`: ten million random and mutated messages through the decoders of both kinds of peer, and a million streams
// with one damaged byte. One JSON line; status 1 when a decoder threw, lost a good message or delivered a wrong one.
//
// Then libFuzzer over the device library, a minute a target (scripts/firmware.mjs fuzz).
//
//   npm run fuzz -- --seed 7 --messages 100000 --streams 10000 --firmware-seconds 10

import { parseArgs } from 'node:util'
import { runFaultTrials } from './fuzz/faults.mjs'
import { runMessageTrials } from './fuzz/messages.mjs'
import { createRandom } from './fuzz/random.mjs'
import { build, fail, root, run } from './setup.mjs'

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: String(Date.now() % 2 ** 32) },
    messages: { type: 'string', default: '10000000' },
    streams: { type: 'string', default: '1000000' },
    'firmware-seconds': { type: 'string', default: '60' },
  },
})
const [seed, messages, streams] = [values.seed, values.messages, values.streams].map(Number)
if (![seed, messages, streams].every((number) => Number.isInteger(number) && number >= 0)) {
  fail('--seed, --messages and --streams are whole numbers from 0')
}
build()
const wire = await import(`${root}/dist/wire/index.js`)
const random = createRandom(seed)
const startedMs = performance.now()
const report = { seed }
try {
  report.board = runMessageTrials(wire, 'board', random, Math.ceil(messages / 2))
  report.program = runMessageTrials(wire, 'program', random, Math.floor(messages / 2))
  report.faults = runFaultTrials(wire, random, streams)
} catch (error) {
  report.threw = error.stack
}
report.seconds = Math.round((performance.now() - startedMs) / 1000)
console.log(JSON.stringify(report))
const isGood = (part) => part !== undefined && !part.goodLost && !part.wrong && !part.untouchedLost
if (![report.board, report.program, report.faults].every(isGood)) process.exitCode = 1
run('node', [
  'scripts/firmware.mjs',
  'fuzz',
  '--seconds',
  values['firmware-seconds'],
  '--seed',
  String((seed % 2 ** 31) + 1),
])
