/** An example as it is: the sketch as a program of this machine behind a tty, and the program on the other side, from TypeScript. */

import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

/** A process whose output is read line by line. */
export interface Running {
  /** What it has printed so far. */
  readonly lines: readonly string[]
  /** Resolves with the first line from now on (or, with `from`, from that index on) that fits; rejects when it ends before. */
  line(fits: string | RegExp, from?: number): Promise<string>
  /** Writes a line to its standard input. */
  tell(line: string): void
  kill(signal?: NodeJS.Signals): void
  /** Resolves with its status when it has ended; null after a signal. */
  readonly exited: Promise<number | null>
}

/** Starts build/firmware/examples/<name>; the first line is the path of its tty. */
export async function startSketch(name: string): Promise<Running & { readonly path: string }> {
  const sketch = start(spawn(`build/firmware/examples/${name}`, { stdio: ['pipe', 'pipe', 'inherit'] }))
  return { ...sketch, path: await sketch.line(/^\/dev\//, 0) }
}

/** Starts build/examples/<name>.js. */
export function startProgram(name: string, ...args: string[]): Running {
  const command = [`build/examples/${name}.js`, ...args]
  return start(spawn(process.execPath, command, { stdio: ['pipe', 'pipe', 'inherit'] }))
}

function start(child: ChildProcess): Running {
  const lines: string[] = []
  const waiting = new Set<() => void>()
  let ended = false
  const wake = () => {
    for (const look of [...waiting]) look()
  }
  createInterface({ input: child.stdout! }).on('line', (line) => {
    lines.push(line)
    wake()
  })
  const exited = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (status) => {
      ended = true
      wake()
      resolve(status)
    })
  })
  child.stdin!.on('error', () => {})

  function line(fits: string | RegExp, from = lines.length): Promise<string> {
    return new Promise((resolve, reject) => {
      const look = () => {
        const found = lines.slice(from).find((text) => (typeof fits === 'string' ? text === fits : fits.test(text)))
        if (found === undefined && !ended) return void waiting.add(look)
        waiting.delete(look)
        if (found !== undefined) resolve(found)
        else reject(new Error(`it ended without saying ${fits}; it said:\n${lines.join('\n')}`))
      }
      look()
    })
  }
  return {
    lines,
    line,
    tell: (text) => void child.stdin!.write(`${text}\n`),
    kill: (signal = 'SIGTERM') => void child.kill(signal),
    exited,
  }
}
