// A Mosquitto, a consumer that notes what comes, and a device that sends again what was not acknowledged.

import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect as connectSocket, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import mqtt from 'mqtt'
import { root } from '../../setup.mjs'

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

export async function startBroker() {
  const folder = mkdtempSync(join(tmpdir(), 'portwire-kill-'))
  const port = await new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address()
      server.close(() => resolve(port))
    })
  })
  const config = join(folder, 'mosquitto.conf')
  const user = process.getuid() === 0 ? 'user root\n' : ''
  writeFileSync(
    config,
    `listener ${port} 127.0.0.1\nallow_anonymous true\nmax_inflight_messages 256\nmax_queued_messages 0\n${user}`,
  )
  let child
  const start = async () => {
    child = spawn('/usr/sbin/mosquitto', ['-c', config], { stdio: 'ignore' })
    while (!(await accepts(port))) await sleep(10)
  }
  const kill = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const gone = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGKILL')
    await gone
  }
  await start()
  return {
    url: `mqtt://127.0.0.1:${port}`,
    folder,
    start,
    kill,
    async remove() {
      await kill()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function accepts(port) {
  return new Promise((resolve) => {
    const socket = connectSocket(port, '127.0.0.1', () => {
      socket.destroy()
      resolve(true)
    })
    socket.on('error', () => resolve(false))
  })
}

/** Ids that a consumer remembers which drops what comes twice. */
const WINDOW_IDS = 4_096

/** Notes each event of the device: how often it came, whether it came first in order, and whether a consumer that remembers the last
 * 4,096 ids would have taken it twice. */
export async function startConsumer(url) {
  const seen = new Map()
  const remembered = new Set()
  const figures = {
    received: 0,
    duplicates: 0,
    outOfOrder: 0,
    foreign: 0,
    windowDuplicates: 0,
    atMs: 0,
    longestPauseMs: 0,
    newAtMs: performance.now(),
  }
  let highest = -1
  const client = mqtt.connect(url, {
    clientId: 'consumer',
    clean: false,
    protocolVersion: 5,
    reconnectPeriod: 20,
    properties: { sessionExpiryInterval: 300 },
  })
  client.on('connect', () => client.subscribe('portwire/meter/event/+', { qos: 1 }))
  client.on('message', (_topic, payload) => {
    const { n, id } = JSON.parse(payload)
    figures.received += 1
    figures.atMs = performance.now()
    if (id !== `meter:00000001:${n}`) figures.foreign += 1
    if (seen.has(n)) figures.duplicates += 1
    else {
      if (n < highest) figures.outOfOrder += 1
      highest = Math.max(highest, n)
      figures.longestPauseMs = Math.max(figures.longestPauseMs, figures.atMs - figures.newAtMs)
      figures.newAtMs = figures.atMs
    }
    if (!remembered.has(id)) {
      if (seen.has(n)) figures.windowDuplicates += 1
      remembered.add(id)
      if (remembered.size > WINDOW_IDS) remembered.delete(remembered.values().next().value)
    }
    seen.set(n, (seen.get(n) ?? 0) + 1)
  })
  await new Promise((resolve) => client.once('connect', () => setTimeout(resolve, 100)))
  return { seen, figures, end: () => client.endAsync(true) }
}

/** Makes events at a rate, keeps each until it is acknowledged, and sends all of those to a gateway that starts. */
export function startDevice(perSecond) {
  const kept = new Map()
  const stored = new Set()
  let made = 0
  let gateway
  const startMs = performance.now()
  const timer = setInterval(() => {
    const due = Math.floor(((performance.now() - startMs) / 1_000) * perSecond)
    for (; made < due; made++) {
      kept.set(made, true)
      gateway?.send({ number: made })
    }
  }, 5)
  return {
    stored,
    get made() {
      return made
    },
    get keeping() {
      return kept.size
    },
    attach(child) {
      child.on('message', ({ stored: number }) => {
        if (number === undefined) return
        kept.delete(number)
        stored.add(number)
      })
      for (const number of kept.keys()) child.send({ number })
      gateway = child
    },
    detach() {
      gateway = undefined
    },
    stop: () => clearInterval(timer),
  }
}

/** Resolves when it is ready for its device. @param under  a program, and its arguments, that runs it */
export async function startGatewayProcess(url, dir, holdMs = 0, under = [], env = {}) {
  const script = `${root}/scripts/soak/gateway-kill/gateway.mjs`
  const [program, ...args] = [...under, process.execPath, script, url, dir, String(holdMs)]
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe', 'ipc'], env: { ...process.env, ...env } })
  // A pipe, as a limit on the size of files would end what writes to one.
  child.stderr.pipe(process.stderr)
  child.on('error', () => {}) // A message to one that was killed.
  await new Promise((resolve, reject) => {
    child.once('message', resolve)
    child.once('exit', () => reject(new Error('the gateway did not start')))
  })
  return child
}

/** It ends when its parent is gone from the other end, and a program that runs it with it. */
export async function endGatewayProcess(child) {
  const gone = new Promise((resolve) => child.once('exit', resolve))
  child.disconnect()
  await gone
}
