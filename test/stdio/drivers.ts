/** Runs the drivers of test/otp, and the bridge that they drive. */

import { type ChildProcessWithoutNullStreams, execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'
import { createChanges } from '../gateway/changes.js'

const root = fileURLToPath(new URL('../../', import.meta.url))
const otp = join(root, 'test/otp')
export const BARE_PROGRAM = ['node', join(otp, 'bare.mjs')]
/** `npm run build:firmware` makes it. */
export const NATIVE = join(root, 'build/firmware/native/greenhouse')
const MAIN = join(root, 'dist/cli/main.js')

/** The command of the bridge, for a client to spawn. */
export function stdio(path: string, ...flags: string[]): string[] {
  return ['node', MAIN, 'stdio', '--serial', path, ...flags]
}

export interface Driver {
  /** Lines that it has said. */
  readonly lines: readonly string[]
  readonly child: ChildProcessWithoutNullStreams
  /** Waits for so many lines. */
  said(count: number, deadlineMs?: number): Promise<readonly string[]>
  exited: Promise<number | null>
}

/** `command` is the variable of that name in the script: a list of words. */
export function elixir(script: string, variables: Record<string, unknown> = {}): Driver {
  return run('elixir', ['-r', join(otp, 'dx.exs'), '-e', `${assignments(variables, ' = ', '\n')}${script}`])
}

export function erlang(script: string, variables: Record<string, unknown> = {}): Driver {
  const built = join(root, 'build/otp')
  const beam = join(built, 'de.beam')
  const source = join(otp, 'de.erl')
  if (!existsSync(beam) || statSync(beam).mtimeMs < statSync(source).mtimeMs) {
    mkdirSync(built, { recursive: true })
    execFileSync('erlc', ['-o', built, source])
  }
  const given = Object.fromEntries(Object.entries(variables).map(([name, value]) => [name, value]))
  return run('erl', ['-noshell', '-pa', built, '-eval', `${assignments(given, ' = ', ', ')}${script}, halt().`])
}

export function ruby(script: string, variables: Record<string, unknown> = {}): Driver {
  return run('ruby', ['-r', join(otp, 'dr.rb'), '-e', `${assignments(variables, ' = ', '\n')}${script}`])
}

/** Texts, numbers and lists of them are written alike in all three languages. */
function assignments(variables: Record<string, unknown>, equals: string, end: string): string {
  return Object.entries(variables)
    .map(([name, value]) => `${name}${equals}${JSON.stringify(value)}${end}`)
    .join('')
}

function run(program: string, args: readonly string[]): Driver {
  const child = spawn(program, args, { cwd: root, env: { ...process.env, LC_ALL: 'C.UTF-8' } })
  const lines: string[] = []
  let rest = ''
  let errors = ''
  let missing: Error | undefined
  const changes = createChanges()
  child.once('error', (error) => {
    missing = error
    changes.changed()
  })
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const parts = (rest + text).split('\n')
    rest = parts.pop()!
    lines.push(...parts)
    changes.changed()
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text
  })
  let hasExited = false
  const exited = new Promise<number | null>((resolve) => child.once('close', resolve))
  void exited.then(() => {
    hasExited = true
    changes.changed()
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  return {
    child,
    lines,
    exited,
    async said(count, deadlineMs = 15_000) {
      const said = () => `it said: ${lines.join(' | ')} and on stderr: ${errors}`
      await changes.until(
        () => {
          if (missing) throw new Error(`${program} is missing: npm test installs it`, { cause: missing })
          if (hasExited && lines.length < count) {
            throw new Error(`${program} has ended; ${count} lines were to come; ${said()}`)
          }
          return lines.length >= count
        },
        deadlineMs,
        () => `${count} lines of ${program}; ${said()}`,
      )
      return lines
    },
  }
}

/** True while the program runs; one that has ended and whose parent has not asked is gone as well. */
export function isAlive(pid: number): boolean {
  try {
    // The state is the first word behind the name, which stands in brackets (proc(5)).
    const state = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').pop()!
    return !state.startsWith('Z')
  } catch {
    return false
  }
}
