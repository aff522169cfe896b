/** The device of programs/life.cpp, built against the header that its contract gives: spawned, and as a board behind a tty. */

import { execFile } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'
import { contractHeader, defineContract } from '../../src/contract/index.js'
import type { OpenOptions } from '../../src/index.js'
import { startNative } from '../../src/testing/native.js'
import { root } from './build.js'

export const life = defineContract({
  name: 'life',
  version: '1',
  actions: {
    echo: { args: { number: 'u8' }, result: 'u8' },
    quit: { doc: 'Emits so many events, and exits.', args: { status: 'u8', events: 'u8' } },
    shout: { doc: 'Logs lines of all severities in turn.', args: { lines: 'u16' } },
    block: { args: { ms: 'u16' } },
    greet: { args: { name: { type: 'str', maxBytes: 8 } } },
    safeStates: { doc: 'How often the host was silent for too long.', result: 'u8' },
    beats: { doc: 'How many beats were sent.', result: 'u32' },
    idle: { doc: 'Has no handler.' },
  },
  events: {
    beat: { fields: { number: 'u32' } },
    last: { fields: { number: 'u8' }, acknowledged: true },
  },
})
export type Life = (typeof life)['definition']

export interface Peer {
  readonly target: OpenOptions<Life>
  /** The tty of a board. */
  readonly path?: string
  stop(): Promise<void>
}

export const buildLife = () => buildProgram('life', life)

/** Compiles programs/<name>.cpp against the header of its contract, and resolves with its path. */
export async function buildProgram(name: string, contract: unknown): Promise<string> {
  const folder = path.join(root, `build/test-programs/${name}-${process.pid}`)
  mkdirSync(folder, { recursive: true })
  writeFileSync(path.join(folder, `${name}_contract.h`), contractHeader(contract as never))
  const library = path.join(root, 'firmware/lib/portwire/src')
  const sources = (await readdir(path.join(library, 'portwire'))).filter((file) => file.endsWith('.cpp'))
  const program = path.join(folder, name)
  await promisify(execFile)('g++', [
    ...['-std=c++11', '-O1', '-Wall', '-Wextra', '-Wconversion', '-Werror', `-I${library}`, `-I${folder}`],
    path.join(root, `test/firmware/programs/${name}.cpp`),
    ...sources.map((file) => path.join(library, 'portwire', file)),
    ...['-o', program],
  ])
  return program
}

/** Both kinds of peer, by what a test calls them. */
export const PEERS: Readonly<Record<string, (program: string) => Promise<Peer>>> = {
  'a spawned program in C++': async (program) => ({ target: { spawn: program }, stop: async () => {} }),
  'a board in C++ behind a tty': async (program) => {
    const board = await startNative(program)
    return {
      target: { serial: board.path },
      path: board.path,
      async stop() {
        board.kill()
        await board.exited
      },
    }
  },
}
