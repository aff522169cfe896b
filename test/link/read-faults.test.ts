/** A tty whose reads fail with EIO while the descriptor still works: a few in a row are no end. */

// Loaded beforehand: virtual time does not wait for a module to be read from disk.
import 'serialport'
import { describe, expect, it } from 'vitest'
import { createPort } from '../../src/index.js'
import { greenhouse } from '../../src/testing/greenhouse.js'
import { createMockGreenhouse } from '../../src/testing/mock-greenhouse.js'
import { createVirtualClock } from '../../src/testing/virtual-clock.js'

const EIO = () => Object.assign(new Error('EIO: i/o error, read'), { code: 'EIO' })

/** A running port; `fail` lets so many of the next reads fail, `hangUp` everything from then on. */
async function faultyBoard() {
  const clock = createVirtualClock()
  const board = createMockGreenhouse({ clock })
  let left = 0
  let hasHungUp = false
  const failedAtMs: number[] = []
  const { list, open } = board.binding
  const binding: typeof board.binding = {
    list,
    async open(options) {
      const tty = await open(options)
      const read: typeof tty.read = async (buffer, offset, length) => {
        if (left === 0 && !hasHungUp) return tty.read(buffer, offset, length)
        left = Math.max(0, left - 1)
        failedAtMs.push(clock.nowMs())
        throw EIO()
      }
      const getBaudRate = () => (hasHungUp ? Promise.reject(EIO()) : tty.getBaudRate())
      return new Proxy(tty, {
        get(target, key) {
          if (key === 'read') return read
          if (key === 'getBaudRate') return getBaudRate
          const value = Reflect.get(target, key)
          return typeof value === 'function' ? value.bind(target) : value
        },
      })
    },
  }
  const port = createPort(greenhouse, { serial: board.path, binding, clock, restart: { type: 'temporary' } })
  await clock.until(port.ready())
  return {
    clock,
    port,
    failedAtMs,
    fail(reads: number) {
      left = reads
    },
    hangUp() {
      hasHungUp = true
    },
  }
}

describe('a board on a tty whose read fails', () => {
  it.each([1, 2, 3])(
    'L20: keeps its session through %i EIO in a row, 100 ms apart, and loses no call',
    async (times) => {
      const { clock, port, failedAtMs, fail } = await faultyBoard()
      fail(times)
      await expect(clock.until(port.call('setVent', { open: 0.5 }))).resolves.toBe(0.5)
      await clock.advance(2_000)
      expect(failedAtMs).toHaveLength(times)
      for (let i = 1; i < times; i++) expect(failedAtMs[i]! - failedAtMs[i - 1]!).toBeCloseTo(100, 3)
      expect(port.info()).toMatchObject({ state: 'running', session: 1, restarts: 0, stream: { readFaults: times } })
      await clock.until(port.close())
    },
  )

  it('L20: has its session ended by the fourth EIO in a row', async () => {
    const { clock, port, failedAtMs, fail } = await faultyBoard()
    fail(4)
    port.cast('setLamp', { on: true })
    expect(await clock.until(port.exited)).toMatchObject({ kind: 'unplugged' })
    expect(failedAtMs).toHaveLength(4)
  })

  it('L20: has the count begun anew by whatever is read, an answer to TICK too', async () => {
    const { clock, port, failedAtMs, fail } = await faultyBoard()
    for (let times = 1; times <= 4; times++) {
      fail(3)
      await clock.advance(2_500) // ticks and their answers
      expect(failedAtMs).toHaveLength(3 * times)
    }
    expect(port.info()).toMatchObject({ state: 'running', session: 1 })
    await clock.until(port.close())
  })

  it('L20: is gone at once when its descriptor answers nothing else either', async () => {
    const { clock, port, failedAtMs, hangUp } = await faultyBoard()
    hangUp()
    port.cast('setLamp', { on: true })
    expect(await clock.until(port.exited)).toMatchObject({ kind: 'unplugged' })
    expect(failedAtMs).toHaveLength(1)
  })
})
