// Loaded beforehand: virtual time does not wait for a module to be read from disk.
import 'serialport'
import { describe, expect, expectTypeOf, it } from 'vitest'
import {
  type ChildRestartOptions,
  child,
  defineContract,
  type GroupState,
  type Port,
  type SuperviseOptions,
  supervise,
} from '../src/index.js'
import type { SerialBinding } from '../src/link/index.js'
import { createMockBoard } from '../src/testing/mock-board.js'
import { createVirtualClock } from '../src/testing/virtual-clock.js'

const valve = defineContract({ name: 'valve', version: '1', actions: { open: { result: 'str' } } })
type Valve = (typeof valve)['definition']

/** A group over boards a, b and c in virtual time. `log`: ttys opened and released, sessions that run, in order. */
function createGroup(
  options: Omit<SuperviseOptions<readonly []>, 'children'>,
  childRestarts: readonly ChildRestartOptions[] = [],
) {
  const clock = createVirtualClock()
  const log: string[] = []
  const boards = ['a', 'b', 'c'].map((name) =>
    createMockBoard({ contract: valve, handlers: { open: () => name }, clock }),
  )
  const member = (index: number) => {
    const { path, binding, onArrival } = boards[index]!
    const name = 'abc'[index]!
    const restart = childRestarts[index] ?? {}
    return child(valve, { name, serial: path, binding: logged(binding, name, log), onArrival, restart })
  }
  const start = () => {
    const group = supervise({ random: () => 0.999, ...options, clock, children: [member(0), member(1), member(2)] })
    for (const port of group.ports) {
      port.watch((notice) => {
        if (notice.kind === 'state' && notice.state === 'running') log.push(`${port.name} runs`)
      })
    }
    const states: GroupState[] = []
    group.watch((state) => states.push(state))
    return { group, states }
  }
  const [a, b, c] = boards as [(typeof boards)[0], (typeof boards)[0], (typeof boards)[0]]
  return { clock, log, a, b, c, start }
}

/** A group whose ports all run, its log empty. */
async function runningGroup(...args: Parameters<typeof createGroup>) {
  const made = createGroup(...args)
  const started = made.start()
  await made.clock.until(started.group.ready())
  await made.clock.advance(1)
  made.log.length = 0
  started.states.length = 0
  return { ...made, ...started }
}

function logged(binding: SerialBinding, name: string, log: string[]): SerialBinding {
  return {
    list: binding.list,
    async open(openOptions) {
      const port = await binding.open(openOptions)
      log.push(`${name} opened`)
      return new Proxy(port, {
        get(target, key) {
          const value = Reflect.get(target, key)
          if (typeof value !== 'function') return value
          if (key !== 'close') return value.bind(target)
          return async () => {
            await target.close()
            log.push(`${name} released`)
          }
        },
      })
    },
  }
}

const STRATEGIES = ['one_for_one', 'one_for_all', 'rest_for_one'] as const

describe('a group of board ports', () => {
  it.each(STRATEGIES)('%s: is started in order, each when the one before runs', async (strategy) => {
    const { clock, log, start } = createGroup({ strategy })
    const { group, states } = start()
    expect(group.state).toBe('starting')
    await clock.until(group.ready())
    expect(log).toEqual(['a opened', 'a runs', 'b opened', 'b runs', 'c opened', 'c runs'])
    expect(group.state).toBe('running')
    expect(states).toEqual(['running'])
    await clock.until(group.close())
  })

  it.each(STRATEGIES)('%s: is closed in reverse order, each when the one after it is released', async (strategy) => {
    const { clock, log, group, states } = await runningGroup({ strategy })
    const closing = group.close()
    expect(group.close()).toBe(closing)
    await clock.until(closing)
    expect(log).toEqual(['c released', 'b released', 'a released'])
    expect(group.ports.map((port) => port.info().state)).toEqual(['closed', 'closed', 'closed'])
    expect(states).toEqual(['closed'])
  })

  it('holds the calls made before the turn of a port has come, and gives each port its own', async () => {
    const { clock, start } = createGroup({ strategy: 'one_for_all' })
    const { group } = start()
    const answers = group.ports.map((port) => port.call('open'))
    await expect(clock.until(Promise.all(answers))).resolves.toEqual(['a', 'b', 'c'])
    await clock.until(group.close())
  })

  it('closes with its owner, also when that was gone before it began', async () => {
    const owner = new AbortController()
    const { clock, group } = await runningGroup({ strategy: 'one_for_one', signal: owner.signal })
    owner.abort()
    await clock.until(group.close())
    expect(group.state).toBe('closed')
    const late = createGroup({ strategy: 'one_for_one', signal: owner.signal })
    const { group: never } = late.start()
    await late.clock.until(never.close())
    expect(late.log).toEqual([])
  })

  it('has ports of the types of its children', () => {
    const lamp = defineContract({ name: 'lamp', version: '1', actions: { on: { args: { level: 'u8' } } } })
    const make = () =>
      supervise({
        strategy: 'rest_for_one',
        children: [
          child(valve, { serial: '/dev/ttyACM0', onStart: async (port) => void (await port.call('open')) }),
          child(lamp, { spawn: './lamp' }),
        ],
      })
    expectTypeOf<ReturnType<typeof make>['ports'][0]>().toEqualTypeOf<Port<Valve>>()
    expectTypeOf<ReturnType<typeof make>['ports'][1]>().toEqualTypeOf<Port<(typeof lamp)['definition']>>()
  })

  it('with an option that is not usable opens nothing', async () => {
    const { clock, log, a } = createGroup({ strategy: 'one_for_one' })
    const good = child(valve, { serial: a.path, binding: logged(a.binding, 'a', log) })
    const bad = child(valve, { serial: a.path, name: 'a/b' })
    expect(() => supervise({ strategy: 'one_for_one', clock, children: [good, bad] })).toThrow('ARGUMENT_INVALID')
    await clock.advance(1_000)
    expect(log).toEqual([])
  })
})

describe('when the board of the second port of three restarts by itself', () => {
  it('one_for_one: it alone goes on, on the link that it has', async () => {
    const { clock, log, group, b } = await runningGroup({ strategy: 'one_for_one' })
    b.reset('watchdog')
    await clock.advance(2_000)
    expect(log).toEqual(['b runs'])
    expect(group.ports.map((port) => port.info().session)).toEqual([1, 2, 1])
    await clock.until(group.close())
  })

  it('one_for_all: the others are ended in reverse order, then all are started in order', async () => {
    const { clock, log, group, states, b } = await runningGroup({ strategy: 'one_for_all' })
    b.reset('watchdog')
    await clock.advance(2_000)
    const ended = log.splice(0, 3)
    expect(ended.filter((line) => !line.startsWith('b'))).toEqual(['c released', 'a released'])
    expect(ended).toContain('b released')
    expect(log).toEqual(['a opened', 'a runs', 'b opened', 'b runs', 'c opened', 'c runs'])
    expect(group.ports[0].info().lastExit).toEqual({ kind: 'shutdown' })
    expect(group.ports[1].info().lastExit).toEqual({ kind: 'reset', cause: 'watchdog' })
    expect(states).toEqual(['starting', 'running'])
    await clock.until(group.close())
  })

  it('rest_for_one: the one after it is ended, and both are started in order; the one before goes on', async () => {
    const { clock, log, group, b } = await runningGroup({ strategy: 'rest_for_one' })
    b.reset('watchdog')
    await clock.advance(2_000)
    expect([...log].sort().filter((line) => line.endsWith('released'))).toEqual(['b released', 'c released'])
    expect(log.slice(2)).toEqual(['b opened', 'b runs', 'c opened', 'c runs'])
    expect(group.ports.map((port) => port.info().session)).toEqual([1, 2, 2])
    await clock.until(group.close())
  })

  it('a call that was not written waits for the new session of a port that was taken along', async () => {
    const { clock, group, b } = await runningGroup({ strategy: 'one_for_all' })
    b.reset('watchdog')
    while (group.ports[2].info().state === 'running') await clock.advance(1)
    await expect(clock.until(group.ports[2].call('open'))).resolves.toBe('c')
    expect(group.ports[2].info().session).toBe(2)
    await clock.until(group.close())
  })
})

describe('a board that is away', () => {
  it('at the start holds up those that depend on it, for as long as it takes, and is not called failed', async () => {
    const { clock, log, start, b } = createGroup({ strategy: 'rest_for_one' })
    b.unplug()
    const { group, states } = start()
    await clock.advance(3_600_000)
    expect(log).toEqual(['a opened', 'a runs'])
    expect(states).toEqual([])
    b.plug()
    await clock.until(group.ready())
    expect(log.slice(2)).toEqual(['b opened', 'b runs', 'c opened', 'c runs'])
    await clock.until(group.close())
  })

  it('at the start does not hold up those that are independent of it', async () => {
    const { clock, log, start, b } = createGroup({ strategy: 'one_for_one' })
    b.unplug()
    const { group } = start()
    await clock.advance(1_000)
    expect(log).toEqual(['a opened', 'a runs', 'c opened', 'c runs'])
    expect(group.state).toBe('starting')
    await clock.until(group.close())
  })

  it('one_for_all: pulled while all run, the others are started at once and only those after it wait for it', async () => {
    const { clock, log, group, b } = await runningGroup({ strategy: 'one_for_all' })
    b.unplug()
    await clock.advance(600_000)
    expect(log.filter((line) => line.endsWith('runs'))).toEqual(['a runs'])
    b.plug()
    await clock.until(Promise.all(group.ports.map((port) => port.ready())))
    expect(log.filter((line) => line.endsWith('runs'))).toEqual(['a runs', 'b runs', 'c runs'])
    await clock.until(group.close())
  })
})

describe('too many restarts of the boards of a group', () => {
  it('of all together make it failed, with one try a minute, and it is well again when they last', async () => {
    const { clock, log, group, states, a, b } = await runningGroup({
      strategy: 'one_for_one',
      intensity: 2,
      periodMs: 5_000,
    })
    a.reset('watchdog')
    await clock.advance(500)
    b.reset('watchdog')
    await clock.advance(500)
    log.length = 0
    a.reset('watchdog')
    await clock.advance(59_000)
    expect(group.state).toBe('failed')
    expect(log).toEqual(['a released'])
    expect(group.ports.map((port) => port.info().state)).toEqual(['failed', 'running', 'running'])
    await clock.advance(1_500)
    expect(log).toEqual(['a released', 'a opened', 'a runs'])
    expect(group.state).toBe('running')
    a.reset('watchdog')
    await clock.advance(10)
    expect(group.state).toBe('failed')
    await clock.advance(60_000 + 61_000)
    log.length = 0
    a.reset('watchdog')
    await clock.advance(500)
    expect(log).toEqual(['a runs'])
    expect(states.at(-1)).toBe('running')
    await clock.until(group.close())
  })

  it('one_for_all: those that were taken along wait the minute too', async () => {
    const { clock, log, group, c } = await runningGroup({ strategy: 'one_for_all', intensity: 0 })
    c.reset('watchdog')
    await clock.advance(59_000)
    expect([...log].sort()).toEqual(['a released', 'b released', 'c released'])
    await clock.advance(2_000)
    expect(log.slice(3)).toEqual(['a opened', 'a runs', 'b opened', 'b runs', 'c opened', 'c runs'])
    await clock.until(group.close())
  })

  it('do not count those that were ended because of another', async () => {
    const { clock, group, c } = await runningGroup({ strategy: 'one_for_all', intensity: 2 })
    for (let times = 0; times < 2; times++) {
      c.reset('watchdog')
      await clock.advance(2_000)
    }
    expect(group.state).toBe('running')
    expect(group.ports.map((port) => port.info().session)).toEqual([3, 3, 3])
    await clock.until(group.close())
  })
})

describe('the restart types of board ports in a group', () => {
  it('a temporary child that is taken along is not started again, as in OTP', async () => {
    const { clock, group, a } = await runningGroup({ strategy: 'one_for_all' }, [{}, { type: 'temporary' }, {}])
    a.reset('watchdog')
    await clock.advance(2_000)
    expect(group.ports.map((port) => port.info().state)).toEqual(['running', 'closed', 'running'])
    expect(group.state).toBe('running')
    await clock.until(group.close())
  })

  it('a temporary child that ends takes nobody along', async () => {
    const { clock, group, b } = await runningGroup({ strategy: 'one_for_all' }, [{}, { type: 'temporary' }, {}])
    b.reset('watchdog')
    await clock.advance(2_000)
    expect(group.ports.map((port) => port.info())).toMatchObject([{ session: 1 }, { state: 'closed' }, { session: 1 }])
    await clock.until(group.close())
  })

  it('a port that its user closes is not started again, and the others go on', async () => {
    const { clock, group, a } = await runningGroup({ strategy: 'one_for_all' })
    await clock.until(group.ports[1].close())
    expect(group.state).toBe('running')
    a.reset('watchdog')
    await clock.advance(2_000)
    expect(group.ports.map((port) => port.info().session)).toEqual([2, 1, 2])
    await clock.until(group.close())
  })
})

describe('a group of board ports that is closed in the middle of a restart', () => {
  it.each([0, 1, 2, 5, 10, 100, 240, 250, 251, 253, 255, 260])(
    'after %i ms: everything is released and nothing is started any more',
    async (afterMs) => {
      const { clock, log, group, b } = await runningGroup({ strategy: 'one_for_all' })
      b.reset('watchdog')
      await clock.advance(afterMs)
      await clock.until(group.close())
      const count = (word: string) => log.filter((line) => line.endsWith(word)).length
      expect(count('released')).toBe(count('opened') + 3)
      const atTheEnd = [...log]
      await clock.advance(120_000)
      expect(log).toEqual(atTheEnd)
      expect(group.state).toBe('closed')
    },
  )
})
