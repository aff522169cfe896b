/** Lines that a device made to harm whoever reads them, as `portwire monitor` and the log of `portwire gateway` show them. */

import { PassThrough } from 'node:stream'
import { expect, test } from 'vitest'
import { createLog } from '../../src/cli/log.js'
import { LIMITS } from '../../src/gateway/index.js'
import { seeded } from '../../src/testing/seeded.js'
import { EMBEDDED, startTestGateway } from '../gateway/support.js'
import { until } from '../gateway/until.js'
import { startCli } from './run-cli.js'

const SEED = Number(process.env['SEED'] ?? Math.floor(Math.random() * 2 ** 31))
const LINES = 10_000
const STEERS = /[\p{Cc}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/u
const PIECES = [
  '\u001b[2J',
  '\u001b]52;c;x\u0007',
  '\r',
  '\n',
  '\r\n{"level":50}',
  '\0',
  '\u009b31m',
  '\u007f',
  '\u202e',
  '\u2066',
  '\u2028',
  '"',
  '\\',
  '}',
  'x',
  '温',
  '🌱',
  '\ud83c',
  ' '.repeat(500),
]

/** 10,000 of them, the first a megabyte without an end. */
function hostileLines(): string[] {
  const random = seeded(SEED)
  const line = () =>
    Array.from({ length: 1 + Math.floor(random() * 8) }, () => PIECES[Math.floor(random() * PIECES.length)]).join('')
  return ['\u001b'.repeat(2 ** 20), ...Array.from({ length: LINES - 1 }, line)]
}

function expectHarmless(text: string): void {
  for (const line of text.trimEnd().split('\n')) {
    expect(line).not.toMatch(STEERS)
    expect(Buffer.byteLength(line)).toBeLessThanOrEqual(1_024)
  }
}

test.each(['--json', '--text'])(
  `R27: monitor %s shows 10,000 hostile lines harmlessly, 50 a second, and counts the others (seed ${SEED})`,
  async (format) => {
    const { gateway, port } = await startTestGateway({ server: EMBEDDED })
    const json = format === '--json'
    const monitor = startCli(['monitor', 'greenhouse', '--mqtt', gateway.brokerUrl, ...(json ? ['--json'] : [])])
    await until(() => monitor.out() !== '', 8_000, 'the state')
    for (const text of hostileLines()) port.notice({ kind: 'console', text })
    await until(() => /left out/.test(monitor.out()), 8_000, 'the count of what was left out')
    monitor.stop()
    expect(await monitor.code).toBe(0)
    expectHarmless(monitor.out())
    expect(monitor.err()).toBe('')
    const lines = monitor.out().trimEnd().split('\n')
    const messages = json
      ? lines.map((line) => JSON.parse(line) as { kind: string; message?: string }).filter(({ kind }) => kind === 'log')
      : lines.filter((line) => / log \w+: /.test(line)).map((message) => ({ message }))
    const counts = messages.map(({ message }) => Number(/(\d+) log lines were left out/.exec(message ?? '')?.[1] ?? -1))
    const counted = counts.filter((count) => count >= 0).reduce((sum, count) => sum + count, 0)
    expect(counted + counts.filter((count) => count < 0).length).toBe(LINES)
  },
)

test.each(['json', 'text'] as const)(
  `R27: the log of a gateway in %s: one harmless line each, or counted (seed ${SEED})`,
  async (format) => {
    const stderr = new PassThrough()
    let written = ''
    stderr.on('data', (chunk) => {
      written += String(chunk)
    })
    const io = { stdout: new PassThrough(), stderr, stdin: new PassThrough(), signal: new AbortController().signal }
    const { port } = await startTestGateway({ server: EMBEDDED }, { log: await createLog(io, format, 'info') })
    for (const problem of hostileLines()) port.notice({ kind: 'refused', problem })
    const said = () => [...written.matchAll(/portwire:greenhouse.*?(\d+) log lines were left out/g)]
    await until(() => said().length > 0, 8_000, 'the count of what was left out')
    expectHarmless(written)
    const lines = written.trimEnd().split('\n')
    if (format === 'json') for (const line of lines) JSON.parse(line)
    const about = lines.filter((line) => line.includes('portwire:greenhouse')).length
    const counted = said().reduce((sum, [, count]) => sum + Number(count), 0)
    expect(about - said().length + counted).toBe(LINES)
    expect(about).toBeLessThanOrEqual(2 * LIMITS.logLinesPerSecond + 1)
  },
)
