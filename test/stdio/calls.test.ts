/** Calls of Elixir's kind over the bridge: scenarios A1 to A4, A8, A9, each against a real tty. */

import { describe, expect, it, onTestFinished, test } from 'vitest'
import { deferred } from '../../src/deferred.js'
import { startNative } from '../../src/testing/native.js'
import { createValueCodec } from '../../src/wire/index.js'
import { createRandom, SEED } from '../wire/random.js'
import { BARE_PROGRAM, elixir, erlang, NATIVE, stdio } from './drivers.js'
import { bareEcho, numbersDevice, startTtyBoard } from './tty-board.js'

test('A1: a map, a list of everything, and done come back as an Elixir client knows them; the port closes', async () => {
  const board = await startTtyBoard({ program: numbersDevice() })
  const dx = elixir(
    `port = Dx.open(command)
     Dx.say(Dx.call(port, 1, %{}))
     Dx.say(Dx.call(port, 2, [1, -5, 2.5, nil, "text"]))
     Dx.say(Dx.create(port, 3))
     Dx.say(Dx.close(port))`,
    { command: stdio(board.path) },
  )
  expect(await dx.said(4)).toEqual(['{:ok, %{"id" => 7}}', '{:ok, [1, "two", nil, 3.5, true]}', ':succeed', ':succeed'])
})

test('A1: the greenhouse firmware takes the same calls, its error is a value', async () => {
  const board = await startNative(NATIVE)
  onTestFinished(() => board.kill())
  const dx = elixir(
    `port = Dx.open(command)
     Dx.say(Dx.create(port, 0, nil))
     Dx.say(Dx.call(port, 1, [0.5]))
     Dx.say(Dx.call(port, 1, [7]))
     Dx.say(Dx.call(port, 200, []))
     Dx.say(Dx.call(port, 6, [{:bin, "abc"}]))`,
    { command: stdio(board.path) },
  )
  expect(await dx.said(5)).toEqual([
    ':succeed',
    '{:ok, 0.5}',
    '{:ok, %{"code" => 2, "error" => "argument 1 out of range"}}',
    '{:ok, %{"code" => 1, "error" => "unknown action"}}',
    '{:ok, "abc"}',
  ])
})

test('A2: open, call, close and open at once, 20 times: each next program waits for the tty that the last one is leaving', async () => {
  const board = await startNative(NATIVE)
  onTestFinished(() => board.kill())
  const dx = elixir(
    `for _ <- 1..20 do
       port = Dx.open(command)
       answer = Dx.call(port, 1, [0.25])
       Dx.say({answer, Dx.close(port)})
     end`,
    { command: stdio(board.path) },
  )
  expect(await dx.said(20, 18_000)).toEqual(Array(20).fill('{{:ok, 0.25}, :succeed}'))
})

/** Three calls: of the first the client hears the timeout; then its answer comes, then two others are made. */
const LATE_CALLS = `
  port = Dx.open(command)
  Dx.warm_up(port, 4, 0)
  Dx.say(Dx.call(port, 9, 6, 3_000))
  IO.gets("")
  Dx.say(Dx.call(port, 4, 41, 3_000))
  Dx.say(Dx.call(port, 4, 42, 3_000))`

describe('a board whose answer comes late', () => {
  it('A3, C5: an answer that comes after the deadline never answers a later call', async () => {
    const late = deferred<unknown>()
    const board = await startTtyBoard({ program: numbersDevice({ held: () => late.promise }) })
    const dx = elixir(LATE_CALLS, { command: stdio(board.path, '--call-timeout', '1000') })
    expect(await dx.said(1)).toEqual(['{:ok, %{"error" => "timeout"}}'])
    // What is written to the line first arrives first: the late answer is there before those of the next calls.
    late.resolve(6)
    await late.promise
    dx.child.stdin.write('\n')
    expect((await dx.said(3)).slice(1)).toEqual(['{:ok, 41}', '{:ok, 42}'])
  })

  it('A3, C5: over bare packets late answers are counted out', async () => {
    const late = deferred<unknown>()
    const board = await startTtyBoard({ program: bareEcho((request) => (request === 1 ? late.promise : undefined)) })
    const dx = elixir(LATE_CALLS, { command: stdio(board.path, '--profile', 'raw', '--call-timeout', '1000') })
    expect(await dx.said(1)).toEqual(['{:ok, %{"error" => "timeout"}}'])
    late.resolve(6)
    await late.promise
    dx.child.stdin.write('\n')
    expect((await dx.said(3)).slice(1)).toEqual(['{:ok, 41}', '{:ok, 42}'])
  })
})

test('A3: without the bridge every later answer belongs to the call before', async () => {
  const dx = elixir(
    `port = Dx.open(command)
     Dx.call(port, 4, 0)
     Dx.say(Dx.call(port, 5, 6, 300))
     Dx.say(Dx.call(port, 4, 41))
     Dx.say(Dx.call(port, 4, 42))`,
    { command: BARE_PROGRAM },
  )
  expect(await dx.said(3)).toEqual(['{:error, :timeout}', '{:ok, 6}', '{:ok, 41}'])
})

/** Pulls the cable as soon as the call that is never answered has arrived. @param asked  how the owner makes that call */
async function callThenUnplug(asked: string, flags: readonly string[], options = ''): Promise<readonly string[]> {
  let unplugged: Promise<void> | undefined
  const board = await startTtyBoard({
    program: numbersDevice({
      neverCalled() {
        unplugged ??= board.unplug()
      },
    }),
  })
  const dx = elixir(
    `port = Dx.open(command${options})
     Dx.warm_up(port, 4, 0)
     ${asked}`,
    { command: stdio(board.path, ...flags) },
  )
  const lines = await dx.said(1)
  await unplugged
  return lines
}

/** From the call on: its way to the board, the end of socat, and what the bridge needs. */
const NOTICED_MS = 100

test('A4: the cable is pulled in mid-call: the owner hears the exit status within 100 ms', async () => {
  const asked = `Port.command(port, [7, Msgpack.pack(0)])
    {messages, ms} = Dx.timed(fn -> Dx.messages(port, &match?({_, {:exit_status, _}}, &1)) end)
    Dx.say({elem(List.last(messages), 1), ms < ${NOTICED_MS}, ms})`
  const lines = await callThenUnplug(asked, ['--on-drop', 'exit'], ', [:exit_status]')
  expect(lines).toEqual([expect.stringMatching(/^\{\{:exit_status, 3\}, true, \d+\}$/)])
  console.log(`A4: ${lines[0]}`)
})

test('A4: an owner without :exit_status is answered too, and finds the end of the port in its mailbox', async () => {
  const asked = `{answer, ms} = Dx.timed(fn -> Dx.call(port, 7, 0) end)
    {[{:EXIT, ^port, reason}], more} = Dx.timed(fn -> Dx.messages(port, &match?({:EXIT, _, _}, &1)) end)
    Dx.say({answer, reason, ms + more < ${NOTICED_MS}})`
  expect(await callThenUnplug(asked, [])).toEqual(['{{:ok, %{"error" => "disconnected"}}, :normal, true}'])
})

test('A4b: --on-drop error answers the call at once, and every call after it', async () => {
  const asked = `{answer, ms} = Dx.timed(fn -> Dx.call(port, 7, 0) end)
    {next, at_once} = Dx.timed(fn -> Dx.create(port, 3) end)
    Dx.say({answer, next, ms < ${NOTICED_MS} and at_once < 50, ms})`
  expect(await callThenUnplug(asked, ['--on-drop', 'error'])).toEqual([
    expect.stringMatching(/^\{\{:ok, %\{"error" => "disconnected"\}\}, :fail, true, \d+\}$/),
  ])
})

test('A4b: without the bridge a program that dies in mid-call costs the whole timeout', async () => {
  const dx = elixir(
    `port = Dx.open(command)
     Dx.call(port, 4, 0)
     {answer, ms} = Dx.timed(fn -> Dx.call(port, 9, 0, 1_000) end)
     Dx.say({answer, ms >= 1_000})`,
    { command: BARE_PROGRAM },
  )
  expect(await dx.said(1)).toEqual(['{{:error, :timeout}, true}'])
})

/** The value in what Erlang prints of `{ok, Binary}`. */
function answerIn(line: string): unknown {
  const bytes = /<<([\d,]+)>>/.exec(line)![1]!.split(',').map(Number)
  const decoded = createValueCodec().decode(Uint8Array.from(bytes))
  return decoded.ok ? { ...(decoded.value as object) } : decoded
}

/** bin 16 of so many bytes. */
const bytes = (count: number) => `<<16#c5, ${count}:16, (binary:copy(<<1>>, ${count}))/binary>>`

test('A8: a request larger than the board takes is answered by an error, and the port lives', async () => {
  const board = await startTtyBoard({ program: numbersDevice({ maxContentBytes: 512 }) })
  const de = erlang(
    `Port = de:open(Command, [{packet, 2}, binary]),
     de:say(de:call(Port, 8, ${bytes(507)}, 5000)),
     de:say(de:call(Port, 8, ${bytes(508)}, 5000)),
     de:say(de:call(Port, 8, ${bytes(65_531)}, 5000)),
     de:say(de:call(Port, 8, ${bytes(3)}, 5000))`,
    { Command: stdio(board.path) },
  )
  const [fits, oneMore, largest, next] = await de.said(4)
  // Action, token, head and bytes: 512 in all.
  expect(fits).toBe('{ok,<<205,1,251>>}')
  expect(answerIn(oneMore!)).toEqual({ error: expect.stringMatching(/^too large: .*513 bytes.*512/), code: 4 })
  expect(answerIn(largest!)).toEqual({ error: expect.stringMatching(/^too large: .*65536/), code: 4 })
  expect(next).toBe('{ok,<<3>>}')
})

test('A8: with four bytes in front 65,536 bytes and more are answered by an error too', async () => {
  const board = await startTtyBoard({ program: numbersDevice() })
  const de = erlang(
    `Port = de:open(Command, [{packet, 4}, binary]),
     de:say(de:call(Port, 8, binary:copy(<<1>>, 65535), 5000)),
     de:say(de:call(Port, 8, binary:copy(<<1>>, 3000000), 5000)),
     de:say(de:call(Port, 8, ${bytes(3)}, 5000))`,
    { Command: stdio(board.path, '--packet', '4') },
  )
  const lines = await de.said(3)
  expect(answerIn(lines[0]!)).toEqual({ error: expect.stringMatching(/the request has 65536 bytes/), code: 4 })
  expect(answerIn(lines[1]!)).toEqual({ error: expect.stringMatching(/the request has 3000001 bytes/), code: 4 })
  expect(lines[2]).toBe('{ok,<<3>>}')
})

/** One frame in a hundred, in either direction, has one byte changed. */
function damaging(seed: number, share: number) {
  const random = createRandom(seed)
  const damage = { frames: 0, isOn: false }
  const disturb = (bytes: Uint8Array) => {
    if (!damage.isOn || random() >= share) return bytes
    damage.frames += 1
    const damaged = bytes.slice()
    damaged[Math.floor(random() * damaged.length)]! ^= 1 << Math.floor(random() * 8)
    return damaged
  }
  return { damage, disturb }
}

/** Wrong answers and timeouts of so many calls. */
const counting = (calls: number, timeoutMs: number) => `
  port = Dx.open(command)
  Dx.warm_up(port, 4, 0)
  Dx.say(:ready)
  IO.gets("")
  tally = Enum.reduce(1..${calls}, %{right: 0, wrong: 0, timeouts: 0}, fn n, tally ->
    case Dx.call(port, 4, [n, "call"], ${timeoutMs}) do
      {:ok, [^n, "call"]} -> Map.update!(tally, :right, & &1 + 1)
      {:error, :timeout} -> Map.update!(tally, :timeouts, & &1 + 1)
      {:ok, %{"error" => "timeout"}} -> Map.update!(tally, :timeouts, & &1 + 1)
      _ -> Map.update!(tally, :wrong, & &1 + 1)
    end
  end)
  Dx.say({tally.right, tally.wrong, tally.timeouts})`

async function noisyCalls(profile: 'link' | 'raw', calls: number, share: number, callTimeoutMs: number) {
  const { damage, disturb } = damaging(SEED, share)
  const board = await startTtyBoard({ program: profile === 'link' ? numbersDevice() : bareEcho(), disturb })
  const dx = elixir(counting(calls, 5_000), {
    command: stdio(board.path, '--profile', profile, '--call-timeout', String(callTimeoutMs), '--on-drop', 'hold'),
  })
  await dx.said(1)
  damage.isOn = true
  dx.child.stdin.write('\n')
  const [, tally] = await dx.said(2, 60_000)
  const [right, wrong, timeouts] = JSON.parse(tally!.replace('{', '[').replace('}', ']')) as [number, number, number]
  console.log(
    `A9 ${profile}, seed ${SEED}: ${damage.frames} runs damaged; ${right} right, ${wrong} wrong, ${timeouts} timeouts`,
  )
  return { right, wrong, timeouts, damaged: damage.frames }
}

test('A9: with one frame in a hundred damaged no call of 2,000 is answered wrongly or times out', {
  timeout: 90_000,
}, async () => {
  const { damaged, ...tally } = await noisyCalls('link', 2_000, 0.01, 4_900)
  expect(damaged).toBeGreaterThan(10)
  expect(tally).toEqual({ right: 2_000, wrong: 0, timeouts: 0 })
})

test('A9: bare packets on the same line show the damage', { timeout: 90_000 }, async () => {
  const { wrong, timeouts } = await noisyCalls('raw', 60, 0.1, 100)
  expect(wrong + timeouts).toBeGreaterThan(0)
})
