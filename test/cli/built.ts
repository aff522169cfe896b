/** The program as it is installed: dist/cli/main.js in a process of its own. */

import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'
import { until } from '../gateway/until.js'

const root = fileURLToPath(new URL('../../', import.meta.url))
export const MAIN = join(root, 'dist/cli/main.js')

export interface CliProcess {
  readonly child: ChildProcessWithoutNullStreams
  readonly out: () => string
  readonly err: () => string
  /** Waits until stdout has what fits, and returns what it is. */
  outHas(pattern: RegExp, from?: number, deadlineMs?: number): Promise<string>
  exited(): Promise<{ code: number | null; signal: string | null }>
}

export function spawnCli(
  args: readonly string[],
  options: { uid?: number; gid?: number; env?: NodeJS.ProcessEnv } = {},
): CliProcess {
  requireBuild()
  // What a gateway keeps on disk is its own, and gone with the test.
  const state = mkdtempSync(join(tmpdir(), 'portwire-state-'))
  onTestFinished(() => rmSync(state, { recursive: true, force: true }))
  const env = { XDG_STATE_HOME: state, ...(options.env ?? process.env) }
  const child = spawn(process.execPath, [MAIN, ...args], { cwd: root, ...options, env })
  let out = ''
  let err = ''
  child.stdout.on('data', (chunk) => {
    out += String(chunk)
  })
  child.stderr.on('data', (chunk) => {
    err += String(chunk)
  })
  const exited = new Promise<{ code: number | null; signal: string | null }>((resolve) => {
    child.on('close', (code, signal) => resolve({ code, signal }))
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  return {
    child,
    out: () => out,
    err: () => err,
    async outHas(pattern, from = 0, deadlineMs = 8_000) {
      await until(
        () => pattern.test(out.slice(from)),
        deadlineMs,
        () => `${pattern} on stdout; there were: ${out.slice(from)} and on stderr: ${err}`,
      )
      return pattern.exec(out.slice(from))![0]
    },
    exited: () => exited,
  }
}

/** A build older than the source would test something else, so it is made anew; `npm test` has made it already. */
export function requireBuild(): void {
  const isFresh = () => {
    const builtMs = statSync(MAIN, { throwIfNoEntry: false })?.mtimeMs ?? 0
    return sourcesIn(join(root, 'src')).every((file) => statSync(file).mtimeMs <= builtMs)
  }
  if (isFresh()) return
  const tsc = join(root, 'node_modules/.bin/tsc')
  const { status, stdout } = spawnSync(tsc, ['-p', 'tsconfig.build.json'], { cwd: root, encoding: 'utf8' })
  if (status !== 0) throw new Error(`the build fails: ${stdout}`)
}

function sourcesIn(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => join(entry.parentPath, entry.name))
}
