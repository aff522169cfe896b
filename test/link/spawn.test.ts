import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
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
  const lost: string[] = []
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
    inputLost: (detail) => lost.push(detail),
    ended: exit.resolve,
  })
  const saying = (text: string) =>
    new Promise<void>((done) => {
      waiting.push({ text, done })
      look()
    })
  return { link, lines, lost, output, bytes: () => Buffer.concat(chunks), saying, exit: exit.promise }
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

  it.each([0, 1, 3, 255])('L8: that ends by itself tells its status %i, after all its output', async (status) => {
    const { output, exit } = await start(sh(`seq 20000; exit ${status}`))
    expect(await exit).toEqual({ kind: 'status', status })
    expect(output().split('\n')).toHaveLength(20_001)
  })

  it('L8: that is killed tells the signal', async () => {
    const { exit } = await start(sh('kill -KILL $$'))
    expect(await exit).toEqual({ kind: 'signal', signal: 'SIGKILL' })
  })

  it('S2: has its stderr heard by the line', async () => {
    const { lines, exit } = await start(sh('echo one >&2; printf two >&2'))
    await exit
    expect(lines).toEqual(['one', 'two'])
  })

  it('L1: gets args without a shell, its environment, its folder and its own name', async () => {
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

  it('L7: that ignores the end of its input and SIGTERM is ended by SIGKILL, with its children', async () => {
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

  it('L7: that leaves a child holding its output is not waited for without end, and the child is ended', async () => {
    const { link, output, exit } = await start(sh('sleep 60 & echo $!; exit 4'))
    expect(await exit).toEqual({ kind: 'status', status: 4 })
    await link.close()
    await expect.poll(() => isAlive(Number.parseInt(output(), 10))).toBe(false)
  })

  it('swallows what is written after its end', async () => {
    const { link, exit } = await start(sh('exit 0'))
    await exit
    expect(link.write(new Uint8Array(10))).toBe(true)
    await link.drained()
    await link.close()
  })
})

describe('what is written', () => {
  it('S7: to a program that has closed its stdin is refused and counted, and told once', async () => {
    const { link, lost, saying, exit } = await start(sh('exec 0<&-; echo deaf; sleep 60'))
    await saying('deaf')
    expect(link.write(new Uint8Array(10))).toBe(true)
    await expect.poll(() => lost).toEqual(['EPIPE'])
    link.write(new Uint8Array(7))
    link.write(new Uint8Array(5))
    expect(link.info!()).toMatchObject({ bytesRefused: 12, eof: ['stdin'] })
    expect(lost).toHaveLength(1)
    await link.kill!()
    expect(await exit).toEqual({ kind: 'signal', signal: 'SIGTERM' })
  })

  it('S6: beyond the high-water mark says so, and tells when there is room again', async () => {
    const { link, saying, exit } = await start(sh('read line; echo reading; cat >/dev/null'))
    await link.drained()
    expect(link.write(new Uint8Array(1_000_000))).toBe(false)
    expect(link.info!()['bytesQueued']).toBeGreaterThan(65_536)
    link.write(new TextEncoder().encode('\n'))
    await saying('reading')
    await link.drained()
    expect(link.info!()['bytesQueued']).toBe(0)
    await link.close()
    expect(await exit).toEqual({ kind: 'closed' })
  })

  it('S6: is not waited for by anybody once the program is gone', async () => {
    const { link, exit } = await start(sh('sleep 60'))
    expect(link.write(new Uint8Array(1_000_000))).toBe(false)
    const drained = link.drained()
    await link.kill!()
    await drained
    expect(await exit).toEqual({ kind: 'signal', signal: 'SIGTERM' })
  })

  it('D8: in one turn leaves in one system call', async () => {
    const { link, saying } = await start({ program: 'cat' })
    const writes = () => Number(/syscw: (\d+)/.exec(readFileSync('/proc/self/io', 'utf8'))![1])
    link.write(new TextEncoder().encode('first'))
    await saying('first')
    const before = writes()
    for (let i = 0; i < 64; i++) link.write(new TextEncoder().encode(`call ${i};`))
    await saying('call 63;')
    expect(writes() - before).toBeLessThan(16) // one, and what else this process writes
    await link.close()
  })

  it('S8, D7: 4 MiB out while 4 MiB come in does not block, and every byte comes back', async () => {
    const { link, bytes, exit } = await start({ program: 'cat' })
    const sent = Buffer.alloc(4 * 1_048_576)
    for (let i = 0; i < sent.length; i += 4) sent.writeUInt32BE(i, i)
    link.write(sent)
    link.closeInput!()
    expect(await exit).toEqual({ kind: 'status', status: 0 })
    expect(bytes().equals(sent)).toBe(true)
  })

  it('L13: ends with closeInput, twice if need be, and the answer still comes', async () => {
    const { link, output, exit } = await start({ program: 'cksum' })
    link.write(new TextEncoder().encode('123456789'))
    link.closeInput!()
    link.closeInput!()
    expect(await exit).toEqual({ kind: 'status', status: 0 })
    expect(output()).toBe('930766865 9\n')
    expect(link.info!()).toMatchObject({ bytesWritten: 9, eof: ['stdout', 'stderr'] })
    link.closeInput!()
    await link.close()
  })
})

describe('the end of a program', () => {
  it('L9: comes after all its output, 200 times', async () => {
    for (let i = 0; i < 200; i += 20) {
      const runs = Array.from({ length: 20 }, async (_, n) => {
        const { bytes, exit } = await start(sh(`head -c ${(i + n) * 701} /dev/zero; printf end`))
        expect(await exit).toEqual({ kind: 'status', status: 0 })
        return bytes().length - (i + n) * 701
      })
      expect(await Promise.all(runs)).toEqual(Array(20).fill(3))
    }
  })

  it('L9: comes after all its output also when this process was busy for a second', async () => {
    const { bytes, saying, link, exit } = await start(sh('printf go; read x; head -c 150000 /dev/zero'))
    await saying('go')
    link.write(new TextEncoder().encode('\n'))
    await new Promise(process.nextTick)
    execFileSync('sleep', ['1'])
    expect(await exit).toEqual({ kind: 'status', status: 0 })
    expect(bytes().length).toBe(150_002)
  })

  it('L11: is noticed without anybody waiting, and leaves no zombie', async () => {
    const { link, exit } = await start(sh('exit 3'))
    await exit
    expect(existsSync(`/proc/${link.info!()['pid']}`)).toBe(false)
  })

  it('L10, L12: by kill is told as the signal to all who wait', async () => {
    const { link, exit } = await start(sh('sleep 60'))
    const startedMs = performance.now()
    await Promise.all([link.kill!(), link.kill!(), exit])
    expect(performance.now() - startedMs).toBeLessThan(400)
    expect(await exit).toEqual({ kind: 'signal', signal: 'SIGTERM' })
    await link.kill!()
  })

  it('L10: by kill while it is being closed does not wait for the end of its input to be noticed', async () => {
    const { link, exit } = await start(sh('sleep 60'))
    const startedMs = performance.now()
    const closed = link.close()
    await link.kill!()
    await closed
    expect(performance.now() - startedMs).toBeLessThan(400)
    expect(await exit).toEqual({ kind: 'closed' })
  })

  it('L4, L5: by close resolves when it is gone, in bounded time, and again', async () => {
    const { link, saying } = await start(sh('trap "" TERM; echo ready; while :; do sleep 1; done'))
    await saying('ready')
    const startedMs = performance.now()
    await link.close()
    expect(performance.now() - startedMs).toBeLessThan(1_400)
    expect(existsSync(`/proc/${link.info!()['pid']}`)).toBe(false)
    await link.close()
  })
})

describe('stderr', () => {
  const noisy = sh('echo one >&2; echo two >&2; cat')

  it.each([
    ['lines', ['one', 'two']],
    ['merge', ['stderr: one', 'stderr: two']],
    ['ignore', []],
  ] as const)('S2: with the policy %s', async (stderr, expected) => {
    const { link, lines, exit, output } = await start({ ...noisy, stderr })
    link.write(new TextEncoder().encode('through'))
    link.closeInput!()
    expect(await exit).toEqual({ kind: 'status', status: 0 })
    expect(lines).toEqual(expected)
    expect(output()).toBe('through')
  })

  it("S2: with the policy inherit is this process's own", async () => {
    const { output, exit } = await start({ ...sh('readlink /proc/$$/fd/2'), stderr: 'inherit' })
    await exit
    const own = execFileSync('readlink', [`/proc/${process.pid}/fd/2`], { encoding: 'utf8' })
    expect(output()).toBe(own)
  })

  it('S2: with the policy fail ends the program with its text as the reason, its children too', async () => {
    const { output, link, exit } = await start({
      ...sh('sleep 60 & echo $!; read told; echo bad sensor >&2; wait'),
      stderr: 'fail',
    })
    await expect.poll(output).toMatch(/^\d+\n$/) // else it may end before its child is known
    link.write(new TextEncoder().encode('told\n'))
    expect(await exit).toMatchObject({
      kind: 'failed',
      error: { code: 'PORT_FAILED', message: 'PORT_FAILED: sh wrote to stderr: bad sensor' },
    })
    await link.close()
    expect(isAlive(Number.parseInt(output(), 10))).toBe(false)
  })

  it('S1: of 1 MiB while the stream runs damages nothing and blocks nothing', async () => {
    const { link, lines, bytes, exit } = await start(sh('cat & yes 123456789012345 | head -c 1048576 >&2; wait'))
    link.write(new Uint8Array(500_000))
    link.write(new Uint8Array(500_000))
    link.closeInput!()
    await exit
    expect(lines).toHaveLength(65_536)
    expect(link.info!()['stderrBytes']).toBe(1_048_576)
    expect(bytes().length).toBeLessThanOrEqual(1_000_000)
  })

  it('with a line that never ends is cut, so that memory stays bounded', async () => {
    const { lines, exit } = await start(sh('head -c 10000 /dev/zero | tr "\\0" x >&2'))
    await exit
    expect(lines.map((line) => line.length)).toEqual([4_096, 4_096, 1_808])
  })
})

describe('a program started in another way', () => {
  it('L1: by a command line gets a shell, and its args as they are', async () => {
    const { output, exit } = await start({
      program: 'printf "%s|" "$0" "$@" | tr a-z A-Z',
      shell: true,
      args: ['a b', '$HOME;c'],
      argv0: 'zero',
    })
    await exit
    expect(output()).toBe('ZERO|A B|$HOME;C|')
  })

  it('L1: from a path with spaces', async () => {
    const file = join(mkdtempSync(join(tmpdir(), 'port wire-')), 'a program')
    writeFileSync(file, '#!/bin/sh\necho "$0"\n')
    chmodSync(file, 0o755)
    const { output, exit } = await start({ program: file })
    await exit
    expect(output()).toBe(`${file}\n`)
  })

  it('F11: with the stream on descriptors 3 and 4, a stray print is a line and harms nothing', async () => {
    const { link, output, lines, exit } = await start({ ...sh('echo stray; cat <&3 >&4; cat'), useStdio: false })
    link.write(new TextEncoder().encode('to and fro'))
    link.closeInput!()
    expect(await exit).toEqual({ kind: 'status', status: 0 })
    expect(output()).toBe('to and fro')
    expect(lines).toEqual(['stray'])
  })
})

describe('L25: any order of starting, writing, closing input, killing and closing', () => {
  it('hangs nowhere and leaks neither process nor descriptor, in 1,000 random schedules', {
    timeout: 180_000,
  }, async () => {
    const seed = Number(process.env['PORTWIRE_SEED'] ?? Date.now() % 1_000_000)
    let state = seed
    const random = (below: number) => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0 // Numerical Recipes' generator
      return Math.floor((state / 2 ** 32) * below)
    }
    const programs = [
      sh('cat'),
      sh('exit 3'),
      sh('echo out; echo err >&2'),
      sh('exec 0<&-; sleep 60'),
      sh('cat & cat; wait'),
      { program: 'sleep', args: ['60'] },
      { ...sh('echo err >&2; sleep 60'), stderr: 'fail' as const },
      { ...sh('cat <&3 >&4'), useStdio: false },
      { program: './no-such-program' },
    ]
    const unhandled: unknown[] = []
    const note = (reason: unknown) => unhandled.push(reason)
    process.on('unhandledRejection', note)
    const descriptors = () => readdirSync('/proc/self/fd').length
    const before = descriptors()
    const pids: number[] = []
    const schedule = async () => {
      const ends: Exit[] = []
      let link: Awaited<ReturnType<ReturnType<typeof spawnConnector>['connect']>>
      const plan = Array.from({ length: random(6) }, () => ({ act: random(6), turns: random(4) }))
      const program = programs[random(programs.length)]!
      try {
        link = await spawnConnector(program).connect({
          data: () => expect(ends).toEqual([]),
          ended: (exit) => ends.push(exit),
        })
      } catch (error) {
        expect(error).toMatchObject({ code: 'PORT_NOT_FOUND' })
        return
      }
      pids.push(link.info!()['pid'] as number)
      for (const { act, turns } of plan) {
        if (act === 0) link.write(new Uint8Array(100_000))
        if (act === 1) link.closeInput!()
        if (act === 2) void link.kill!()
        if (act === 3) void link.close()
        if (act === 4) void link.drained()
        for (let i = 0; i < turns; i++) await new Promise(setImmediate)
      }
      if (random(2)) void link.kill!()
      await link.close()
      expect(ends).toHaveLength(1)
    }
    try {
      for (let i = 0; i < 1_000; i += 25) await Promise.all(Array.from({ length: 25 }, schedule))
    } catch (cause) {
      throw new Error(`PORTWIRE_SEED=${seed}: ${(cause as Error).message}`, { cause })
    } finally {
      process.off('unhandledRejection', note)
    }
    const at = `PORTWIRE_SEED=${seed}`
    expect({ at, unhandled }).toEqual({ at, unhandled: [] })
    await expect.poll(() => ({ at, alive: pids.filter(isAlive) })).toEqual({ at, alive: [] })
    await expect.poll(() => descriptors() - before, { timeout: 5_000 }).toBeLessThan(5)
  })
})

describe('a program that cannot be started is a typed error at once', () => {
  const connect = (options: SpawnOptions) => start(options)

  it('L2: when it does not exist', async () => {
    await expect(connect({ program: './no-such-program' })).rejects.toMatchObject({
      code: 'PORT_NOT_FOUND',
      message: 'PORT_NOT_FOUND: there is no program ./no-such-program',
    })
  })

  it('L2: when it is not executable', async () => {
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

  it('L2: when its folder does not exist, which is not blamed on the program', async () => {
    await expect(connect({ program: 'cat', cwd: '/no/such/folder' })).rejects.toMatchObject({
      code: 'PORT_FAILED',
      message: 'PORT_FAILED: cwd: there is no folder /no/such/folder',
    })
  })

  it('L2: when the interpreter that it names does not exist', async () => {
    const file = join(mkdtempSync(join(tmpdir(), 'portwire-')), 'script')
    writeFileSync(file, '#!/no/such/interpreter\n')
    chmodSync(file, 0o755)
    await expect(connect({ program: file })).rejects.toMatchObject({
      code: 'PORT_FAILED',
      message: `PORT_FAILED: ${file} is there, but not the interpreter that it names`,
    })
  })

  it('L2: when its arguments are longer than the system takes', async () => {
    const args = Array.from({ length: 40 }, () => 'x'.repeat(100_000))
    await expect(connect({ program: 'true', args })).rejects.toMatchObject({ code: 'PORT_FAILED' })
  })
})
