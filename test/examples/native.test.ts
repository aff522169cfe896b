// The examples as they are: each sketch as a program of this machine against its own TypeScript program, a tty between them.
import { mkdtempSync, readFileSync, rmSync, watch, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { BUILD_TIMEOUT_MS, firmware } from '../firmware/build.js'
import { startProgram, startSketch } from './run.js'

/** What a TMP36 at A0 of a 5 V board reads: 500 mV at 0 °C, 10 mV for each degree, in 1024ths of 5 V, so half a degree each. */
const tmp36 = (celsius: number) => Math.round(((500 + 10 * celsius) / 5000) * 1024)

const running: { kill(signal?: NodeJS.Signals): void; readonly exited: Promise<unknown> }[] = []

async function start(name: string, program: string, ...args: string[]) {
  const sketch = await startSketch(name)
  running.push(sketch)
  return { sketch, host: startHost(program, sketch.path, ...args) }
}

function startHost(program: string, ...args: string[]) {
  const host = startProgram(program, ...args)
  running.push(host)
  return host
}

beforeAll(async () => {
  await firmware('examples')
}, BUILD_TIMEOUT_MS)

afterEach(async () => {
  for (const process of running.splice(0).reverse()) {
    process.kill('SIGKILL')
    await process.exited
  }
})

describe('the example Blink, native board', () => {
  it('switches the LED ten times, and ends', async () => {
    const { sketch, host } = await start('blink', 'blink')
    expect(await host.exited).toBe(0)
    expect(host.lines).toEqual(Array.from({ length: 10 }, (_, i) => String(i % 2 === 0)))
    expect(sketch.lines.slice(1)).toEqual(Array.from({ length: 10 }, (_, i) => `pin 13 ${1 - (i % 2)}`))
  })
})

describe('the example Button, native board', () => {
  it('tells the host of each press, and how long it took', async () => {
    const { sketch, host } = await start('button', 'button')
    await host.line('it is up', 0)
    for (let press = 0; press < 3; press++) {
      const pressed = host.line('pressed')
      sketch.tell('pin 2 0')
      await pressed
      const released = host.line(/^released after \d+ ms$/)
      sketch.tell('pin 2 1')
      // It was down at least as long as the debounce time, which went by before the host was told.
      expect(Number(/\d+/.exec(await released)![0])).toBeGreaterThanOrEqual(20)
    }
    host.kill()
    expect(await host.exited).toBe(0)
    expect(host.lines.filter((line) => line === 'pressed')).toHaveLength(3)
  })
})

describe('the example Motor, native board', () => {
  it('tells the way of a move as it goes, and its end', async () => {
    const { sketch, host } = await start('motor', 'motor', '300')
    expect(await host.exited).toBe(0)
    expect(host.lines).toEqual(['at 100', 'at 200', 'at 300', 'arrived at 300'])
    expect(sketch.lines.filter((line) => line === 'pin 3 1')).toHaveLength(300)
  })

  it('stops where it is when the host cancels the move, with its coils off', async () => {
    const { sketch, host } = await start('motor', 'motor', '100000')
    await host.line('at 100', 0)
    const off = sketch.line('pin 5 1')
    host.kill()
    expect(await host.exited).toBe(0)
    await off
    const steps = sketch.lines.filter((line) => line === 'pin 3 1').length
    expect(host.lines.at(-1)).toBe(`stopped at ${steps}`)
    expect(steps).toBeLessThan(5_000)
  })

  it('stops by itself when the host is gone', async () => {
    const { sketch, host } = await start('motor', 'motor', '100000')
    await host.line('at 100', 0)
    const off = sketch.line('pin 5 1')
    host.kill('SIGKILL')
    await off
    const steps = sketch.lines.filter((line) => line === 'pin 3 1').length
    expect(steps).toBeLessThan(5_000)
    // The next host finds it where it is, and can move it.
    const next = startHost('motor', sketch.path, String(steps + 5))
    await next.line(`arrived at ${steps + 5}`, 0)
    expect(await next.exited).toBe(0)
  })
})

describe('the example Thermostat, native board', () => {
  it('heats to what its host asks for, and no more ten seconds after the host has gone', {
    timeout: 40_000,
  }, async () => {
    const sketch = await startSketch('thermostat')
    running.push(sketch)
    sketch.tell(`analog 0 ${tmp36(18)}`)
    const host = startHost('thermostat', sketch.path, '21')
    await host.line(/^17\.9 °C, heater o(n|ff)$/, 0)
    await sketch.line('pin 6 1', 0)
    expect(sketch.lines.slice(1)).toEqual(['pin 6 1'])

    const off = host.line('heater off at 23.2 °C')
    sketch.tell(`analog 0 ${tmp36(23)}`)
    await off
    expect(sketch.lines.slice(1)).toEqual(['pin 6 1', 'pin 6 0'])

    const on = sketch.line('pin 6 1')
    sketch.tell(`analog 0 ${tmp36(18)}`)
    await on
    const goneAtMs = performance.now()
    const safe = sketch.line('pin 6 0')
    host.kill('SIGKILL')
    await safe
    // The last answer may be a second old when the host goes.
    expect(performance.now() - goneAtMs).toBeGreaterThan(8_000)
  })
})

describe('the example SensorNode, native board', () => {
  it('has each measurement stored once, in order, also over a host that was killed', { timeout: 40_000 }, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'portwire-example-'))
    const file = join(folder, 'measurements.jsonl')
    writeFileSync(file, '')
    const stored = () => {
      const lines = readFileSync(file, 'utf8').trim().split('\n').filter(Boolean)
      return lines.map((line) => JSON.parse(line) as { id: string; atMs: number; raw: number })
    }
    const storedAtLeast = (count: number) =>
      new Promise<void>((resolve) => {
        const watcher = watch(file, () => look())
        const look = () => {
          if (stored().length < count) return
          watcher.close()
          resolve()
        }
        look()
      })
    try {
      const sketch = await startSketch('sensor_node')
      running.push(sketch)
      sketch.tell('analog 0 512')
      const first = startHost('sensor-node', sketch.path, file)
      await first.line('the pump is on', 0)
      expect(sketch.lines.at(-1)).toBe('pin 7 1')
      await storedAtLeast(2)
      const off = sketch.line('pin 7 0')
      first.kill('SIGKILL')
      await off // the dead-man: five measurements or so wait on the board meanwhile

      const second = startHost('sensor-node', sketch.path, file)
      await second.line('the pump is on', 0)
      await storedAtLeast(stored().length + 2)
      second.kill()
      expect(await second.exited).toBe(0)
      expect(second.lines.at(-1)).toMatch(/^the board has taken \d+ messages and dropped 0 events$/)

      const rows = stored()
      const numbers = rows.map(({ id }) => Number(id.split(':')[2]))
      // One line may be there twice: the first host was killed between writing and acknowledging.
      const distinct = numbers.filter((number, at) => number !== numbers[at - 1])
      expect(numbers.length - distinct.length).toBeLessThanOrEqual(1)
      expect(distinct).toEqual(distinct.map((_, at) => distinct[0]! + at))
      expect(rows.every(({ raw }) => raw === 512)).toBe(true)
      expect(rows.every(({ atMs }, at) => at === 0 || atMs >= rows[at - 1]!.atMs)).toBe(true)
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})
