import { PassThrough } from 'node:stream'
import { expect, test } from 'vitest'
import { createLog } from '../../src/cli/log.js'

test.each(['text', 'json'] as const)(
  'a log line in %s is one line, and does nothing to the terminal',
  async (format) => {
    const stderr = new PassThrough()
    const io = { stdout: new PassThrough(), stderr, stdin: new PassThrough(), signal: new AbortController().signal }
    const log = await createLog(io, format, 'info')
    log('warn', 'portwire:greenhouse', '\u001b[2J\u009b31m\u202e\n03:00:00.000 info forged')
    const said = String(stderr.read())
    expect(said.trimEnd().split('\n')).toHaveLength(1)
    for (const char of ['\u001b', '\u009b', '\u202e']) expect(said).not.toContain(char)
  },
)
