import { describe, expect, it, onTestFinished } from 'vitest'
import { deferred } from '../src/deferred.js'
import { child, type Port, supervise } from '../src/index.js'
import { greenhouse } from '../src/testing/greenhouse.js'
import { type Greenhouse, PEERS } from './port/peers.js'

/** Resolves when the session of this number runs. */
function session(port: Port<Greenhouse>, number: number): Promise<void> {
  const { promise, resolve } = deferred<void>()
  const look = () => {
    const { session, state } = port.info()
    if (session === number && state === 'running') resolve()
  }
  onTestFinished(port.watch(look))
  look()
  return promise
}

describe('a group of a program and a board on a serial line', () => {
  it('one_for_all: when the program is killed the board is let go of, and both serve again', async () => {
    const program = await PEERS['a program']!()
    const board = await PEERS['a board']!()
    const group = supervise({
      strategy: 'one_for_all',
      children: [
        child(greenhouse, { ...program.target, name: 'program' }),
        child(greenhouse, { ...board.target, name: 'board' }),
      ],
    })
    onTestFinished(() => group.close())
    await group.ready()
    const [first, second] = group.ports
    const pid = program.pid(first)
    process.kill(pid, 'SIGKILL')
    await Promise.all([session(first, 2), session(second, 2)])
    expect(first.info()).toMatchObject({ lastExit: { kind: 'signal', signal: 'SIGKILL' } })
    expect(second.info()).toMatchObject({ lastExit: { kind: 'shutdown' } })
    expect(program.pid(first)).not.toBe(pid)
    await expect(Promise.all(group.ports.map((port) => port.call('setVent', { open: 0.5 })))).resolves.toEqual([
      0.5, 0.5,
    ])
  })
})
