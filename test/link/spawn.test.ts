import { chmodSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { deferred } from '../../src/deferred.js'
import type { Exit } from '../../src/exit.js'
import { type SpawnOptions, spawnConnector } from '../../src/link/index.js'

/** Spawns a program and gathers all that it does. */
async function start(options: SpawnOptions) {
  const exit = deferred<Exit>()
  const chunks: Uint8Array[] = []
  const lines: string[] = []
  const waiting: { text: string; done: () => void }[] = []
  const output = () => Buffer.concat(chunks).toString()
  const look = () => {
    for (const w of waiting) if (output().includes(w.text)) w.done()
  }
  const link = await spawnConnector(options).connect({
    data(bytes) {
      chunks.push(bytes)
      look()
    },
    stderr: (line) => lines.push(line),
    ended: exit.resolve,
  })
  const saying = (text: string) =>
    new Promise<void>((done) => {
      waiting.push({ text, done })
      look()
    })
  return { link, lines, output, saying, exit: exit.promise }
}

const sh = (script: string): SpawnOptions => ({ program: 'sh', args: ['-c', script] })
const isAlive = (pid: number) => {
  try {
    // A process that has ended but was not reaped by its own parent is dead for us.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}

describe('a spawned program', () => {
  it('gets what is written and gives what it prints', async () => {
    const { link, saying, exit } = await start({ program: 'cat' })
    link.write(new TextEncoder().encode('to and fro'))
    await saying('to and fro')
    await link.close()
    expect(await exit).toEqual({ kind: 'closed' })
  })

  it.each([0, 1, 3, 255])('that ends by itself tells its status %i, after all its output', async (status) => {
    const { output, exit } = await start(sh(`seq 20000; exit ${status}`))
    expect(await exit).toEqual({ kind: 'status', status })
    expect(output().split('\n')).toHaveLength(20_001)
  })

  it('that is killed tells the signal', async () => {
    const { exit } = await start(sh('kill -KILL $$'))
    expect(await exit).toEqual({ kind: 'signal', signal: 'SIGKILL' })
  })

  it('has its stderr heard by the line', async () => {
    const { lines, exit } = await start(sh('echo one >&2; printf two >&2'))
    await exit
    expect(lines).toEqual(['one', 'two'])
  })

  it('gets args without a shell, its environment, its folder and its own name', async () => {
    const options = {
      program: 'sh',
      args: ['-c', 'echo "$0|$1|$GREETING|$(printenv HOME || echo unset)|$(pwd)"', 'name', 'a b;c'],
    }
    const { output, exit } = await start({ ...options, env: { GREETING: 'hej', HOME: undefined }, cwd: '/usr' })
    await exit
    expect(output()).toBe('name|a b;c|hej|unset|/usr\n')
    const named = await start({ program: 'cat', args: ['/proc/self/cmdline'], argv0: 'kitten' })
    await named.exit
    expect(named.output().split('\0')[0]).toBe('kitten')
  })

  it('that ignores the end of its input and SIGTERM is ended by SIGKILL, with its children', async () => {
    const { link, output, saying, exit } = await start(
      sh('trap "" TERM; (trap "" TERM; sleep 60) & echo "$! ready"; while :; do sleep 60; done'),
    )
    await saying('ready')
    const child = Number.parseInt(output(), 10)
    expect(isAlive(child)).toBe(true)
    await link.close()
    expect(await exit).toEqual({ kind: 'closed' })
    await expect.poll(() => isAlive(child)).toBe(false)
  })

  it('that leaves a child holding its output is not waited for without end', async () => {
    const { output, exit } = await start(sh('sleep 60 & echo $!; exit 4'))
    expect(await exit).toEqual({ kind: 'status', status: 4 })
    process.kill(Number.parseInt(output(), 10))
  })

  it('swallows what is written after its end', async () => {
    const { link, exit } = await start(sh('exit 0'))
    await exit
    expect(link.write(new Uint8Array(10))).toBe(true)
    await link.drained()
    await link.close()
  })
})

describe('a program that cannot be started is a typed error at once', () => {
  const connect = (options: SpawnOptions) => start(options)

  it('when it does not exist', async () => {
    await expect(connect({ program: './no-such-program' })).rejects.toMatchObject({
      code: 'PORT_NOT_FOUND',
      message: 'PORT_NOT_FOUND: there is no program ./no-such-program',
    })
  })

  it('when it is not executable', async () => {
    const file = join(mkdtempSync(join(tmpdir(), 'portwire-')), 'plain file')
    writeFileSync(file, '#!/bin/sh\n')
    chmodSync(file, 0o644)
    await expect(connect({ program: file })).rejects.toMatchObject({
      code: 'PERMISSION_DENIED',
      hint: `Make it executable: chmod +x ${file}`,
    })
    chmodSync(file, 0o755)
    expect(await (await connect({ program: file })).exit).toEqual({ kind: 'status', status: 0 })
  })

  it('when its folder does not exist, which is not blamed on the program', async () => {
    await expect(connect({ program: 'cat', cwd: '/no/such/folder' })).rejects.toMatchObject({
      code: 'PORT_FAILED',
      message: 'PORT_FAILED: cwd: there is no folder /no/such/folder',
    })
  })
})
