/** Names that somebody chose to reach a file or a shell, through each door: no file is touched, and no program started. */

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { parseDescriptor } from '../../src/contract/index.js'
import { createTopics } from '../../src/gateway/index.js'
import { MAIN, requireBuild } from '../cli/built.js'
import { figures } from '../figures.js'
import { startMosquitto } from '../gateway/mosquitto.js'
import { connectClient } from '../gateway/mqtt-client.js'
import { HOSTILE_NAMES } from './payloads.js'
import { trace, treeHash } from './traced.js'

const CONTRACT = join(import.meta.dirname, '../../docs/examples/greenhouse.yaml')
const NODE = `"${process.execPath}"`

/** data belongs to the process, as `state` does, where it may write; `around` to others; it is started in `around`. */
function folders() {
  const root = mkdtempSync(join(tmpdir(), 'portwire-hostile-'))
  onTestFinished(() => rmSync(root, { recursive: true }))
  const [around, data, state, traces] = ['around', 'data', 'state', 'traces'].map((name) => join(root, name)) as [
    string,
    string,
    string,
    string,
  ]
  for (const folder of [around, data, state, traces]) mkdirSync(folder)
  writeFileSync(join(around, 'precious'), 'as it was')
  return { around, data, state, log: join(traces, 'log') }
}

/** Of Node itself, and of the terminal. */
const HARMLESS = /^\/(dev\/(null|tty\w*|pts\/)|proc\/)/

describe('R26: 300 hostile names', () => {
  it('are 300', () => {
    expect(new Set(HOSTILE_NAMES).size).toBeGreaterThanOrEqual(300)
    figures({ names: new Set(HOSTILE_NAMES).size })
  })

  it('as arguments and in configs of a program: each ends with an exit code, no file is touched, no program started', async () => {
    requireBuild()
    const { around, data, log } = folders()
    const names = join(data, 'names.json')
    // No argument of a process has a NUL in it.
    writeFileSync(names, JSON.stringify(HOSTILE_NAMES))
    const before = [treeHash(around), treeHash('/etc/passwd')]
    const traced = trace([process.execPath, join(import.meta.dirname, 'arguments.mjs'), data, names], around, log)
    await traced.exited
    expect(traced.err()).toBe('')
    const { codes, steered, polluted } = JSON.parse(traced.out()) as {
      codes: Record<string, number>
      steered: unknown[]
      polluted: unknown[]
    }
    expect(steered).toEqual([])
    expect(polluted).toEqual([])
    const total = Object.values(codes).reduce((sum, count) => sum + count, 0)
    expect(total).toBe(4 * HOSTILE_NAMES.length)
    expect(new Set(Object.keys(codes).map((key) => key.replace(/ \d$/, ''))).size).toBe(12)
    expect(Object.keys(codes).filter((key) => !/ [012]$/.test(key))).toEqual([])
    expect([treeHash(around), treeHash('/etc/passwd')]).toEqual(before)
    expect(traced.programs().filter((argv) => !argv.startsWith(NODE))).toEqual([])
    expect(traced.changed().filter((path) => !path.startsWith(data) && !HARMLESS.test(path))).toEqual([])
  }, 120_000)

  it('over MQTT, in topics and payloads: the gateway starts only its program, touches no file but those of its outbox, answers, and ends well', async () => {
    requireBuild()
    const { around, data, state, log } = folders()
    const mosquitto = await startMosquitto()
    onTestFinished(() => mosquitto.remove())
    const config = join(data, 'portwire.yaml')
    const device = `devices:\n  greenhouse:\n    spawn: [/bin/cat]\n    restart: { initial: 10s }\n    contract: ${CONTRACT}\n`
    writeFileSync(config, `version: 1\nmqtt:\n  server: ${mosquitto.url}\noutbox:\n  dir: ${state}/outbox\n${device}`)
    const before = [treeHash(around), treeHash(data)]
    const traced = trace([process.execPath, MAIN, 'gateway', '--config', config], around, log)
    const client = await connectClient(mosquitto.url)
    onTestFinished(() => client.end())
    await client.next('portwire/bridge/state', ({ json }) => json['state'] === 'online')
    for (const name of HOSTILE_NAMES) {
      const text = JSON.stringify({ transaction: name, open: name, [name]: name, id: name })
      await client.publish('portwire/greenhouse/call/setVent', text)
      await client.publish('portwire/greenhouse/call/setVent', name)
      await client.publish('portwire/bridge/request/device/restart', text)
      // A broker ends the connection of whoever sends others in a topic.
      if (!/^[^\p{C}+#]{1,1000}$/u.test(name)) continue
      await client.publish(`portwire/${name}/call/setVent`, text)
      await client.publish(`portwire/greenhouse/call/${name}`, text)
      await client.publish(`portwire/bridge/request/${name}`, text)
    }
    await client.publish('portwire/bridge/request/device/restart', { id: 'greenhouse', transaction: 'last' })
    await client.next('portwire/bridge/response/device/restart', ({ json }) => json['transaction'] === 'last')
    traced.stop('SIGTERM')
    expect(await traced.exited).toBe(0)
    expect([treeHash(around), treeHash(data)]).toEqual(before)
    const started = new Set(traced.programs())
    expect([...started].filter((argv) => !argv.startsWith(NODE) && argv !== '"/bin/cat"')).toEqual([])
    expect(started).toContain('"/bin/cat"')
    const itsOwn = new RegExp(`^${state}/outbox(\\.lock)?(/db)?(/[\\w.-]+)?$`)
    expect(traced.changed().filter((path) => !itsOwn.test(path) && !HARMLESS.test(path))).toEqual([])
  }, 120_000)

  it('as names in the contract that a board tells: refused, but for those that are names and nothing else', () => {
    let taken = 0
    for (const name of HOSTILE_NAMES) {
      for (const told of [
        `${name}\n`,
        `x\n0 action ${name}()\n`,
        `x\n0 action a(${name}:u8)\n`,
        `x\n0 event ${name}()\n`,
      ]) {
        try {
          const contract = parseDescriptor(new TextEncoder().encode(told))
          const members = [...contract.actions.keys(), ...contract.events.keys()]
          for (const word of [contract.name, ...members]) expect(word).toMatch(/^[A-Za-z0-9_-]{1,64}$/)
          taken += 1
        } catch (error) {
          expect(error, JSON.stringify(told.slice(0, 100))).toMatchObject({ code: 'CONTRACT_INVALID' })
        }
      }
    }
    // `constructor` is a name like others; that it is reserved as a key does not matter, as arguments travel by position.
    expect(taken).toBeGreaterThan(10)
    expect(Object.keys(Object.prototype)).toEqual([])
  })

  it('as topics: none is taken for a call unless it is one, and none shapes the topic of an answer', () => {
    const topics = createTopics('portwire')
    for (const name of HOSTILE_NAMES) {
      for (const topic of [
        `portwire/${name}/call/x`,
        `portwire/x/call/${name}`,
        `portwire/bridge/request/${name}`,
        name,
      ]) {
        const address = topics.parse(topic)
        if (address === undefined) continue
        const words =
          address.kind === 'request'
            ? address.request.split('/')
            : [address.device, ...(address.kind === 'call' ? [address.action] : [])]
        for (const word of words) expect(word).toMatch(/^[A-Za-z0-9_-]{1,64}$/)
      }
    }
  })
})
