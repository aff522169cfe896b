/** Compiles a program of this folder with gcc; each is compiled once a build folder. */

import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readFile, rename } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)
const sources = fileURLToPath(new URL('./', import.meta.url))
const buildFolder = fileURLToPath(new URL('../../../build/test-programs/', import.meta.url))

const FLAGS = ['-std=gnu11', '-O1', '-Wall', '-Wextra', '-Werror']

/** The path of the program made of `<name>.c`. */
export async function compileProgram(name: string): Promise<string> {
  const source = `${sources}${name}.c`
  const contents = [await readFile(source), await readFile(`${sources}packets.h`), FLAGS.join(' ')]
  const hash = contents.reduce((sum, part) => sum.update(part), createHash('sha256')).digest('hex')
  const program = `${buildFolder}${name}-${hash.slice(0, 12)}`
  if (existsSync(program)) return program
  await mkdir(buildFolder, { recursive: true })
  // A name of its own, then a rename: test files run side by side.
  const unique = `${program}-${process.pid}`
  await run('gcc', [...FLAGS, source, '-o', unique])
  await rename(unique, program)
  return program
}
