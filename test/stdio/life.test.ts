/** The bridge as a process: killed, replugged, slow boards, stderr, its end. Scenarios A5 to A7, A11, A12. */

import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { startNative } from '../../src/testing/native.js'
import { type Changes, createChanges } from '../gateway/changes.js'
import { until } from '../gateway/until.js'
import { elixir, erlang, isAlive, NATIVE, ruby, stdio } from './drivers.js'
import { type BoardProgram, dropsDtr, numbersDevice, startTtyBoard } from './tty-board.js'

test('A5: replugged under another name, the board answers the call that waited for it', async () => {
  const log = logFile()
  const board = await startTtyBoard({ program: numbersDevice() })
  const dx = elixir(
    `port = Dx.open(command)
     Dx.warm_up(port, 4, 0)
     Dx.say(:up)
     IO.gets("")
     {answer, ms} = Dx.timed(fn -> Dx.call(port, 4, 42) end)
     Dx.say({answer, ms < 5_000, ms})`,
    { command: stdio(board.path, '--on-drop', 'hold', '--log', log) },
  )
  await dx.said(1)
  await board.unplug()
  // A request written before that is one of which nobody knows whether it ran.
  await until(() => readFileSync(log, 'utf8').includes('is lost'), 5_000, 'the bridge has noticed')
  dx.child.stdin.write('\n')
  // The cable stays out until the bridge has tried in vain.
  const losses = () => readFileSync(log, 'utf8').split('is lost').length - 1
  await until(() => losses() >= 4, 10_000, 'the bridge has tried again')
  await board.plug()
  const [, answer] = await dx.said(2)
  expect(answer).toMatch(/^\{\{:ok, 42\}, true, \d+\}$/)
  console.log(`A5: ${answer}`)
})

test('A6, L6: Erlang killed in mid-frame: the bridge of the board is gone in 200 ms, the next call of the next Erlang is right', async () => {
  const board = await startTtyBoard({ program: numbersDevice() })
  const command = stdio(board.path)
  const killed = erlang('de:die_in_mid_frame(Command, 4000, 100)', { Command: command })
  const [bridge] = await killed.said(1)
  const pid = Number(/\d+/.exec(bridge!)![0])
  await until(() => !isAlive(killed.child.pid!) || killed.child.signalCode !== null, 5_000, 'Erlang is killed')
  const atMs = performance.now()
  await until(() => !isAlive(pid), 2_000, 'the bridge has ended')
  const goneMs = performance.now() - atMs
  console.log(`A6: the bridge was gone after ${goneMs.toFixed(0)} ms`)
  expect(goneMs).toBeLessThan(200)
  const next = erlang('Port = de:open(Command, [{packet, 2}, binary]), de:say(de:call(Port, 4, <<2>>, 5000))', {
    Command: command,
  })
  expect(await next.said(1)).toEqual(['{ok,<<2>>}'])
})

test('A7, L23: the bridge killed in mid-frame: the board drops the half, the next call is right', async () => {
  let bridge: number | undefined
  const program: BoardProgram = (send) => {
    const receive = numbersDevice()(send)
    return (bytes) => {
      // The first long frame: its first half arrives, the rest dies with its sender.
      if (bytes.length > 1_000 && bridge !== undefined) {
        process.kill(bridge, 'SIGKILL')
        bridge = undefined
        receive(bytes.subarray(0, bytes.length / 2))
      } else receive(bytes)
    }
  }
  const board = await startTtyBoard({ program })
  const de = erlang(
    `Port = de:open(Command, [{packet, 2}, binary]),
     de:say(de:call(Port, 4, <<1>>, 5000)),
     de:say(de:os_pid(Port)),
     io:get_line(""),
     de:say(de:call(Port, 8, <<16#c5, 2000:16, (binary:copy(<<1>>, 2000))/binary>>, 5000)),
     Next = de:open(Command, [{packet, 2}, binary]),
     de:say(de:call(Next, 4, <<2>>, 5000))`,
    { Command: stdio(board.path) },
  )
  bridge = Number((await de.said(2))[1])
  de.child.stdin.write('\n')
  expect((await de.said(4)).slice(2)).toEqual(['{exit,normal}', '{ok,<<2>>}'])
})

/** Longer than the client waits, and well within its second wait. */
const BOOT_MS = 1_250

/** Requests of RexPort's kind with a timeout of 1 s to a board that takes longer to boot: each timeout kills the bridge. */
const SLOW_REQUESTS = `
  dr = Dr.new(command, timeout: 1)
  3.times { say(outcome { dr.request(4, 42) }) }
  dr.close`

test('A11: with --no-reset the reopen leaves the board to its boot, and the next request gets through', async () => {
  const { path } = await startSlowBoard()
  const dr = ruby(SLOW_REQUESTS, { command: stdio(path, '--packet', '4', '--no-reset') })
  expect(await dr.said(3)).toEqual(['["Dr::RequestTimeout", "nothing within 1 s"]', '42', '42'])
})

test('A11: without it each reopen resets the board, which never gets through', async () => {
  const { path } = await startSlowBoard()
  const dr = ruby(SLOW_REQUESTS, { command: stdio(path, '--packet', '4') })
  expect(await dr.said(3)).toEqual(Array(3).fill('["Dr::RequestTimeout", "nothing within 1 s"]'))
})

async function startSlowBoard() {
  let path = ''
  const program = numbersDevice({ bootMs: BOOT_MS, resetBy: () => dropsDtr(path) })
  const board = await startTtyBoard({ program })
  path = board.path
  return board
}

test('A12: a log line of the board is the read error of a client that takes stderr for a death', async () => {
  const board = await startTtyBoard({ program: numbersDevice() })
  const dr = ruby('dr = Dr.new(command)\nsay(outcome { dr.request(6, 42) })\ndr.close', {
    command: stdio(board.path, '--packet', '4', '--stderr', 'device'),
  })
  expect(await dr.said(1)).toEqual(['["Dr::ReadError", "error: probe 2 is disconnected\\n"]'])
})

test('A12: by default the line stays inside and the call succeeds', async () => {
  const board = await startTtyBoard({ program: numbersDevice() })
  const dr = ruby('dr = Dr.new(command)\nsay(outcome { dr.request(6, 42) })\nsay(dr.starts)\ndr.close', {
    command: stdio(board.path, '--packet', '4'),
  })
  expect(await dr.said(2)).toEqual(['42', '1'])
})

function logFile(): string {
  const folder = mkdtempSync(join(tmpdir(), 'portwire-stdio-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  return join(folder, 'log')
}

interface Bridge {
  readonly child: ReturnType<typeof spawn>
  readonly out: Buffer[]
  readonly changes: Changes
  readonly err: () => string
  exited(): Promise<number | null>
}

function startBridge(path: string, ...flags: string[]): Bridge {
  const [program, ...args] = stdio(path, ...flags)
  const child = spawn(program!, args, { stdio: 'pipe' })
  const out: Buffer[] = []
  let err = ''
  child.stderr.on('data', (text) => {
    err += String(text)
  })
  const changes = createChanges()
  child.stdout.on('data', (chunk: Buffer) => {
    out.push(chunk)
    changes.changed()
  })
  const exited = new Promise<number | null>((resolve) => child.once('close', resolve))
  onTestFinished(() => void child.kill('SIGKILL'))
  return { child, out, changes, err: () => err, exited: () => exited }
}

/** A call of echo with a small number, and its answer. */
async function echo(bridge: Bridge, number: number) {
  const before = Buffer.concat(bridge.out).length
  bridge.child.stdin!.write(Uint8Array.of(0, 2, 4, number))
  await bridge.changes.until(
    () => Buffer.concat(bridge.out).length >= before + 3,
    5_000,
    () => 'an answer',
  )
  return [...Buffer.concat(bridge.out).subarray(before)]
}

test('L6: the end of stdin ends the bridge of a board with 0 within 200 ms, also while a call is under way', async () => {
  const board = await startTtyBoard({ program: numbersDevice() })
  const bridge = startBridge(board.path)
  expect(await echo(bridge, 7)).toEqual([0, 1, 7])
  bridge.child.stdin!.write(Uint8Array.of(0, 2, 7, 0))
  const atMs = performance.now()
  bridge.child.stdin!.end()
  expect(await bridge.exited()).toBe(0)
  expect(performance.now() - atMs).toBeLessThan(200)
  expect(bridge.err()).toBe('')
})

test('L6: a client that closes stdout ends the bridge of a board at the next answer', async () => {
  const board = await startTtyBoard({ program: numbersDevice() })
  const bridge = startBridge(board.path)
  await echo(bridge, 7)
  bridge.child.stdout!.destroy()
  bridge.child.stdin!.on('error', () => {}) // it leaves while this side writes
  const atMs = performance.now()
  bridge.child.stdin!.write(Uint8Array.of(0, 2, 4, 1))
  expect(await bridge.exited()).toBe(0)
  expect(performance.now() - atMs).toBeLessThan(200)
  expect(bridge.err()).toBe('')
})

test('a client that reads nothing cannot keep the bridge, nor the tty', async () => {
  const board = await startTtyBoard({ program: numbersDevice() })
  const bridge = startBridge(board.path)
  await echo(bridge, 7)
  bridge.child.stdout!.pause()
  const request = Uint8Array.of(0, 131, 4, 0xc4, 128, ...Array(128).fill(1))
  for (let i = 0; i < 3_000; i++) bridge.child.stdin!.write(request)
  await new Promise((resolve) => bridge.child.stdin!.write('', resolve))
  const atMs = performance.now()
  bridge.child.stdin!.end()
  const ended = new Promise<number | null>((resolve) => bridge.child.once('exit', resolve))
  expect(await ended).toBe(0)
  expect(performance.now() - atMs).toBeLessThan(250)
})

test('a board that is not there, or that another program keeps, is refused: 4, and the log says why', async () => {
  const log = logFile()
  const missing = startBridge(`${log}-nothing`, '--log', log)
  expect(await missing.exited()).toBe(4)
  expect(missing.err()).toBe('')

  const board = await startNative(NATIVE)
  onTestFinished(() => board.kill())
  const first = startBridge(board.path)
  await echo(first, 7) // it has the tty
  const second = startBridge(board.path, '--log', log, '--lock-wait', '100')
  expect(await second.exited()).toBe(4)
  expect(Buffer.concat(second.out)).toHaveLength(0)
  expect(readFileSync(log, 'utf8')).toMatch(/PORT_NOT_FOUND.*\n(.*\n)*.*PORT_BUSY: .* is in use by process \d+ \(/)
})

test('nothing on the line says hello: 4 after the ready timeout', async () => {
  const board = await startTtyBoard({ program: () => () => {} })
  const bridge = startBridge(board.path, '--ready-timeout', '300')
  expect(await bridge.exited()).toBe(4)
  expect(bridge.err()).toBe('')
})

test('the first answer is there within the time that a program takes to start, and half a second more', async () => {
  const board = await startTtyBoard({ program: numbersDevice() })
  const atMs = performance.now()
  const bridge = startBridge(board.path)
  await echo(bridge, 7)
  const ms = performance.now() - atMs
  console.log(`start to first answer: ${ms.toFixed(0)} ms`)
  expect(ms).toBeLessThan(1_000)
})
