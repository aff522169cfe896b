/** `portwire stdio --notify` to an Erlang client: events, jobs and requests of the board. Scenarios A15 and A16. */

import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { deferred } from '../../src/deferred.js'
import type { DeviceSession } from '../../src/port/index.js'
import { createValueCodec } from '../../src/wire/index.js'
import { until } from '../gateway/until.js'
import { contractFile } from './contract-file.js'
import { elixir, erlang, stdio } from './drivers.js'
import { type DeviceOptions, numbers, numbersDevice, startTtyBoard } from './tty-board.js'

/** A board, its session when a host has begun one, and the bridge's command. */
async function startBoard(flags: readonly string[], options: DeviceOptions = {}) {
  const session = deferred<DeviceSession>()
  const program = numbersDevice({
    ...options,
    began(device) {
      session.resolve(device)
      options.began?.(device)
    },
  })
  const { path } = await startTtyBoard({ program })
  const contract = flags.includes('--notify') ? ['--contract', contractFile(numbers.definition)] : []
  return { session: session.promise, command: stdio(path, ...contract, ...flags) }
}

/** Asks for `interval` as soon as a session has begun, and keeps what became of it. */
function askingAtBoot(deadlineMs: number) {
  const outcome = deferred<unknown>()
  const began = (device: DeviceSession) => {
    device.ask('configuration', { key: 'interval' }, deadlineMs).then(outcome.resolve, (error) => {
      outcome.resolve(String(error.message))
    })
  }
  return { began, outcome: outcome.promise }
}

describe('a board behind portwire stdio --notify', () => {
  it('A15, C12: a job is answered by its id at once, 1,000 short calls are answered while it runs, its end comes after them', async () => {
    const job = deferred<unknown>()
    const { command } = await startBoard(['--notify'], { held: () => job.promise })
    const de = erlang(
      `Client = de:client(Command),
       de:warm_up(Client, 4),
       Start = fun(C) ->
         [<<"ok">>, JobId] = de:command(C, [bgapi, held, 42]),
         de:say({started, JobId}),
         Answers = [de:ask(C, 4, N) || N <- lists:seq(1, 1000)],
         de:say({calls, Answers =:= lists:seq(1, 1000)}),
         {ok, JobId}
       end,
       de:say(de:job(Start, Client, 15000))`,
      { Command: command },
    )
    expect(await de.said(2)).toEqual(['{started,1}', '{calls,true}'])
    job.resolve([1, 'done'])
    expect((await de.said(3))[2]).toBe('{ok,1,[1,<<"done">>]}')
  })

  it('A15, C12: a job that fails ends by bgerror with the error of the board', async () => {
    const { command } = await startBoard(['--notify'], { held: () => Promise.reject(new Error('the probe is gone')) })
    const de = erlang(
      `Client = de:client(Command),
       Start = fun(C) -> [<<"ok">>, JobId] = de:command(C, [bgapi, 9]), {ok, JobId} end,
       de:say(de:job(Start, Client, 15000))`,
      { Command: command },
    )
    expect(await de.said(1)).toEqual(['{error,1,[{<<"error">>,<<"the probe is gone">>},{<<"code">>,16}]}'])
  })

  it('A16, E13: a handler that is bound from the start answers what the board asks at boot', async () => {
    const { began, outcome } = askingAtBoot(15_000)
    const { command } = await startBoard(['--notify', 'configuration'], { began })
    const de = erlang(
      `Client = de:client(Command),
       Answer = fun([<<"interval">>]) -> 2500 end,
       Reply = fun(Id, Value) -> de:command(Client, [fetch_reply, Id, Value]) end,
       de:say(de:answer_request(<<"configuration">>, Answer, Reply)),
       de:say(de:command(Client, [fetch_reply, 1, 1])),
       de:say(de:command(Client, [fetch_reply, 2, 1]))`,
      { Command: command },
    )
    expect(await outcome).toBe(2500)
    // The first answer wins; an id that never was is another thing.
    expect(await de.said(3)).toEqual(['<<"ok">>', '[<<"error">>,<<"expired">>]', '[<<"error">>,<<"badid">>]'])
  })

  it('A16, E15: an answer after the deadline is told expired; an empty or a wrong one is badarg and leaves the question open', async () => {
    const first = deferred<string>()
    const second = deferred<unknown>()
    const { command } = await startBoard(['--notify', 'configuration'], {
      began(device) {
        const asked = device.ask('configuration', { key: 'interval' }, 1_000)
        // It goes out when the host has answered for the first one, which it does at the deadline.
        const again = () => device.ask('configuration', { key: 'again' }, 15_000).then(second.resolve)
        asked.catch((error) => first.resolve(error.message)).then(again)
      },
    })
    const de = erlang(
      `Client = de:client(Command),
       receive {fetch, <<"configuration">>, [<<"interval">>], Id, Deadline} -> de:say({Id, Deadline}) end,
       de:say([lists:sublist(de:command(Client, Answer), 2) || Answer <-
         [[fetch_reply, Id], [fetch_reply, Id, <<"soon">>], [fetch_reply, Id, 60001]]]),
       receive {fetch, <<"configuration">>, [<<"again">>], Second, _} -> de:say(Second) end,
       de:say(de:command(Client, [fetch_reply, Id, 2500])),
       de:say(de:command(Client, [fetch_reply, Second, 60000]))`,
      { Command: command },
    )
    const badarg = '[<<"error">>,<<"badarg">>]'
    expect(await de.said(5)).toEqual([
      '{1,1000}',
      `[${badarg},${badarg},${badarg}]`,
      '2',
      '[<<"error">>,<<"expired">>]',
      '<<"ok">>',
    ])
    expect(await first.promise).toMatch(/^CALL_TIMEOUT: |\(error 7\)$/)
    expect(await second.promise).toBe(60_000)
  })

  it('A16, E16: without a handler the board is told so at once, not after its deadline', async () => {
    // The deadline is longer than this test may take.
    const { began, outcome } = askingAtBoot(60_000)
    const { command } = await startBoard(['--notify'], { began })
    const de = erlang('Client = de:client(Command), de:warm_up(Client, 4), de:say(up)', { Command: command })
    await de.said(1)
    expect(await outcome).toMatch(/^REMOTE_ERROR: .*\(error 1\)$/)
  })

  it('E1, E2: events come as they are bound by command, in order, and none after noevents is answered', async () => {
    const { session, command } = await startBoard(['--notify'])
    const de = erlang(
      `Client = de:client(Command),
       de:warm_up(Client, 4),
       de:say(de:command(Client, [event, []])),
       de:say(de:command(Client, [event, [<<"reeding">>]])),
       de:say([de:command(Client, [event, Names]) || Names <- [[<<"reading">>], [<<"ALL">>], [<<"alarm">>]]]),
       de:ask(Client, 4, 1),
       de:say(bound),
       Take = fun() -> receive {event, Event} -> Event end end,
       de:say([Take() || _ <- lists:seq(1, 4)]),
       de:say(de:command(Client, [noevents])),
       io:get_line(""),
       de:ask(Client, 4, 1),
       receive Any -> de:say(Any) after 0 -> de:say(nothing) end`,
      { Command: command },
    )
    const said = await de.said(4)
    expect(said[0]).toMatch(/^\[<<"error">>,<<"badarg">>,/)
    expect(said[1]).toMatch(
      /^\[<<"error">>,<<"badarg">>,<<"events: numbers has no event reeding; it has: reading, alarm">>\]$/,
    )
    expect(said[2]).toBe('[<<"ok">>,<<"ok">>,<<"ok">>]')
    const board = await session
    for (let n = 0; n < 3; n++) board.emit('reading', { n, text: 'x' })
    board.emit('alarm', { high: true })
    const [, , , , events, unbound] = await de.said(6)
    // Reliable and plain events have no order between them.
    expect(events!.replace(/(\[<<"alarm">>,true,<<"board:[0-9a-f]{8}:)0(">>\],?)/, '')).toMatch(
      /^\[\[<<"reading">>,0,<<"x">>,0\],\[<<"reading">>,1,<<"x">>,1\],\[<<"reading">>,2,<<"x">>,2\],?\]$/,
    )
    expect(events).toMatch(/<<"alarm">>,true,<<"board:[0-9a-f]{8}:0">>/)
    expect(unbound).toBe('<<"ok">>')
    board.emit('reading', { n: 9, text: 'late' })
    board.emit('alarm', { high: false })
    de.child.stdin.write('\n')
    expect((await de.said(7))[6]).toBe('nothing')
  })

  it('an Elixir client takes events that are bound by the flag, told from answers by the first byte', async () => {
    const { session, command } = await startBoard(['--notify', 'ALL'])
    const dx = elixir(
      `port = Dx.open(command, [:binary])
       Port.command(port, [4, Msgpack.pack(7)])
       receive do {^port, {:data, <<?r, value::binary>>}} -> Dx.say(Msgpack.unpack(value)) end
       receive do {^port, {:data, <<?n, value::binary>>}} -> Dx.say(Msgpack.unpack(value)) end`,
      { command },
    )
    expect(await dx.said(1)).toEqual(['{:ok, 7}'])
    ;(await session).emit('alarm', { high: true })
    expect((await dx.said(2))[1]).toMatch(/^\{:ok, \["event", \["alarm", true, "board:[0-9a-f]{8}:0"\]\]\}$/)
  })
})

describe('a board behind portwire stdio without --notify', () => {
  /** An event and a command between two calls. */
  const client = `Port = de:open(Command, [{packet, 2}, binary]),
    de:say(de:call(Port, 4, <<77>>, 15000)),
    io:get_line(""),
    de:say(de:call(Port, 255, <<16#91, 16#a8, "noevents">>, 15000)),
    de:say(de:call(Port, 4, <<78>>, 15000)),
    port_close(Port)`
  const unknownAction = createValueCodec().encode({
    error: "unknown action 255: 240 to 255 are the protocol's own",
    code: 1,
  })

  it('answers have no tag, 255 is no command, events are dropped and counted: the client finds what it always found', async () => {
    const log = join(dirname(contractFile({})), 'log')
    const { command, session } = await startBoard(['--log', log])
    const de = erlang(client, { Command: command })
    expect(await de.said(1)).toEqual(['{ok,<<"M">>}'])
    ;(await session).emit('alarm', { high: true })
    de.child.stdin.write('\n')
    const said = await de.said(3)
    expect(bytesIn(said[1]!)).toEqual([...unknownAction])
    expect(said[2]).toBe('{ok,<<"N">>}')
    await de.exited
    await until(() => readFileSync(log, 'utf8').includes('ends with'), 5_000, 'the totals')
    expect(readFileSync(log, 'utf8')).toMatch(/requests 3, errors 1, timeouts 0, .* refused 1, events dropped 0/)
  })

  it('with --contract alone the board is told at once that nobody answers its request', async () => {
    const { began, outcome } = askingAtBoot(60_000)
    const { command } = await startBoard(['--contract', contractFile(numbers.definition)], { began })
    const de = erlang(client, { Command: command })
    expect(await de.said(1)).toEqual(['{ok,<<"M">>}'])
    expect(await outcome).toMatch(/^REMOTE_ERROR: .*\(error 1\)$/)
  })

  it('a board that was built from another contract than that of --contract is refused', async () => {
    const { command } = await startBoard(['--contract', contractFile({ ...numbers.definition, name: 'other' })])
    const de = erlang(
      'Port = de:open(Command, [{packet, 2}, binary, exit_status]), receive {Port, {exit_status, S}} -> de:say(S) end',
      { Command: command },
    )
    expect(await de.said(1)).toEqual(['4'])
  })
})

/** The bytes in what Erlang prints of `{ok, Binary}`. */
function bytesIn(line: string): number[] {
  return /<<([\d,]+)>>/.exec(line)![1]!.split(',').map(Number)
}
