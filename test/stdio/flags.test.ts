/** Flags of `portwire stdio` that do not go together. */

import { expect, it } from 'vitest'
import { greenhouse } from '../../src/testing/greenhouse.js'
import { runCli } from '../cli/run-cli.js'
import { contractFile } from './contract-file.js'

it.each([
  [['--notify'], '--notify needs --contract FILE'],
  [
    ['--contract', 'FILE', '--notify', 'alarn'],
    'greenhouse has no event or request alarn; it has: reading, alarm, vent',
  ],
  [['--contract', 'FILE', '--profile', 'raw'], 'bare packets (--profile raw) have no contract'],
] as const)('%j is refused in one line, and no tty is opened', async (flags, problem) => {
  const file = contractFile(greenhouse.definition)
  const given = flags.map((flag) => (flag === 'FILE' ? file : flag))
  const { code, out, err } = await runCli('stdio', '--serial', '/dev/nothing', ...given)
  expect(code).toBe(2)
  expect(out).toBe('')
  expect(err).toContain(problem)
  expect(err.trimEnd()).not.toContain('\n')
})
