/** A process under strace: which programs it starts, and which files it makes or changes. */

import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

export interface Traced {
  readonly out: () => string
  readonly err: () => string
  /** Ends the process itself, not only strace. */
  stop(signal: NodeJS.Signals): void
  readonly exited: Promise<number | null>
  /** The first word and the others of each program that was started, after the process has ended. */
  programs(): readonly string[]
  /** Paths that were made, emptied, added to, moved or removed. Not: opened both ways as they are, as every tty is, and whatever else is
   * named as one before it is seen to be none. */
  changed(): readonly string[]
}

const CHANGES =
  'openat,open,creat,unlink,unlinkat,rename,renameat,renameat2,mkdir,mkdirat,link,linkat,symlink,symlinkat'

export function trace(command: readonly string[], cwd: string, log: string): Traced {
  const child = spawn('strace', ['-f', '-qq', '-s', '4096', '-e', `trace=execve,${CHANGES}`, '-o', log, ...command], {
    cwd,
  })
  let out = ''
  let err = ''
  child.stdout.on('data', (chunk) => {
    out += String(chunk)
  })
  child.stderr.on('data', (chunk) => {
    err += String(chunk)
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  const calls = () =>
    readFileSync(log, 'utf8')
      .split('\n')
      // What did not work has changed nothing; a program that was not there was not run.
      .filter((line) => !/ = -1 E[A-Z]+ \(.*\)$/.test(line))
  return {
    out: () => out,
    err: () => err,
    stop(signal) {
      // The first process in the log is the one that was started.
      process.kill(Number(/^\d+/.exec(readFileSync(log, 'utf8'))?.[0]), signal)
    },
    exited: new Promise((resolve) => child.on('close', (code) => resolve(code))),
    programs: () => calls().flatMap((line) => /execve\("[^"]*", \[(.*)\], 0x/.exec(line)?.[1] ?? []),
    changed: () =>
      calls().flatMap((line) => {
        const [, call, path] = /^\d+ +(\w+)\((?:AT_FDCWD, )?"([^"]*)"/.exec(line) ?? []
        if (call === undefined || call === 'execve') return []
        return call.startsWith('open') && !/O_CREAT|O_TRUNC|O_APPEND/.test(line) ? [] : [path!]
      }),
  }
}

/** What is in a folder, by name, kind and content. */
export function treeHash(folder: string): string {
  const hash = createHash('sha256')
  const walk = (path: string) => {
    const stat = lstatSync(path)
    hash.update(`${path}\0${stat.mode}\0`)
    if (stat.isSymbolicLink()) hash.update(readlinkSync(path))
    else if (stat.isFile()) hash.update(readFileSync(path))
    else if (stat.isDirectory()) for (const name of readdirSync(path).sort()) walk(join(path, name))
  }
  walk(folder)
  return hash.digest('hex')
}
