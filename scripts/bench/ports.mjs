// Calls to a spawned echo program: this library beside Erlang's open_port, plain Node and Ruby, in one run. docs/benchmarks.md

import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fail, root } from '../setup.mjs'
import { buildErlang, buildPrograms } from './ports/build.mjs'

const REPEATS = 7
const IN_FLIGHT = [1, 16]
/** So that a repeat takes one to two seconds. */
const CALLS = { 1: 80_000, 16: 200_000 }
const SLOW_CALLS = { 1: 30_000, 16: 40_000 }
/** Host and program share it: two CPUs measure how fast the idle one wakes up. */
const CPU = '0'

const TARGETS = [
  { host: 'portwire, action', over: 'erlang', inFlight: 16, target: 1.5 },
  { host: 'portwire, action', over: 'erlang', inFlight: 1, target: 0.9 },
  { host: 'portwire, action', over: 'node', inFlight: 16, target: 2.5 },
]

export async function* run() {
  if (!existsSync('/usr/bin/taskset')) fail('the benchmark ports needs taskset (Debian: util-linux)')
  const { echo, echoPortwire, folder } = buildPrograms()
  const ports = `${root}/scripts/bench/ports`
  const node = process.execPath
  const erlang = ['erl', '-noshell', '-pa', folder, '-run', 'host_erlang', 'main']
  const hosts = [
    { name: 'portwire, action', command: [node, `${ports}/host_portwire.mjs`], echo, rest: ['action'] },
    { name: 'portwire', command: [node, `${ports}/host_portwire.mjs`], echo: echoPortwire, rest: ['portwire'] },
    { name: 'erlang', command: erlang, echo, needs: '/usr/bin/erl', prepare: () => buildErlang(folder) },
    { name: 'node', command: [node, `${ports}/host_node.mjs`], echo },
    { name: 'ruby', command: ['ruby', `${ports}/host_ruby.rb`], echo, needs: '/usr/bin/ruby', calls: SLOW_CALLS },
  ]
  const present = hosts.filter((host) => !host.needs || existsSync(host.needs))
  for (const host of hosts) if (!present.includes(host)) yield { figure: host.name, missing: host.needs }
  for (const host of present) host.prepare?.()

  for (const inFlight of IN_FLIGHT) {
    // Interleaved: a load from outside falls on all of a repeat, and ratios are taken within one.
    const rates = new Map(present.map((host) => [host.name, []]))
    for (let repeat = 0; repeat < REPEATS; repeat++) {
      for (const host of present) rates.get(host.name).push(callsPerSecond(host, inFlight))
    }
    const ratio = (name, over) => {
      const others = rates.get(over)
      return others && rates.has(name) ? round(median(rates.get(name).map((rate, i) => rate / others[i]))) : undefined
    }
    for (const host of present) {
      const own = rates.get(host.name)
      yield {
        figure: host.name,
        in_flight: inFlight,
        repeats: REPEATS,
        calls: callsOf(host, inFlight),
        calls_per_s: Math.round(median(own)),
        slowest: Math.round(Math.min(...own)),
        fastest: Math.round(Math.max(...own)),
        over_erlang: ratio(host.name, 'erlang'),
        over_node: ratio(host.name, 'node'),
      }
    }
    for (const { host, over, target } of TARGETS.filter((one) => one.inFlight === inFlight)) {
      const reached = ratio(host, over)
      if (reached === undefined) continue
      yield { figure: `${host} over ${over}`, in_flight: inFlight, ratio: reached, target, met: reached >= target }
    }
  }
}

const callsOf = (host, inFlight) => (host.calls ?? CALLS)[inFlight]

function callsPerSecond(host, inFlight) {
  const calls = callsOf(host, inFlight)
  const args = ['-c', CPU, ...host.command, host.echo, String(calls), String(inFlight), ...(host.rest ?? [])]
  const output = execFileSync('taskset', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })
  return (calls * 1_000_000) / Number(output)
}

function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

const round = (ratio) => Math.round(ratio * 100) / 100
