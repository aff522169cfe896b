// What every build of scripts/firmware.mjs needs: compiling a few sources at a time, and what is stale.

import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, statSync } from 'node:fs'
import path from 'node:path'
import { promisify } from 'node:util'

const JOBS = 2
/** What a build depends on beside its sources. */
const BUILDERS = [
  'platformio.ini',
  ...['firmware', 'firmware/tools', 'firmware/flags', 'firmware/examples', 'firmware/cortex-m3'].map(
    (name) => `scripts/${name}.mjs`,
  ),
]

/** Compiles each source to an object of its own, a few at a time; returns the objects in the order of the sources.
 * With `headers`, an object that is newer than them and its source stays. */
export async function compileAll(compiler, directory, sources, flagsFor, headers) {
  mkdirSync(directory, { recursive: true })
  const object = (source) => `${directory}/${path.basename(path.dirname(source))}.${path.basename(source)}.o`
  const waiting = [...sources]
  const work = async () => {
    for (let source = waiting.shift(); source !== undefined; source = waiting.shift()) {
      if (headers && !isStale(object(source), [source, ...headers])) continue
      // A fixed seed: else the names of what the compiler makes local differ from build to build.
      const seed = `-frandom-seed=${path.basename(source)}`
      await run(compiler, [...flagsFor(source), seed, '-c', source, '-o', object(source)])
    }
  }
  await Promise.all(Array.from({ length: JOBS }, work))
  return sources.map(object)
}

export async function run(tool, args) {
  try {
    const { stderr } = await promisify(execFile)(tool, args, { maxBuffer: 1 << 26 })
    if (stderr) process.stderr.write(stderr)
  } catch (error) {
    process.stderr.write(error.stderr || `${error.message}\n`)
    console.error(`${tool} failed on ${args.at(-1)}`)
    process.exit(1)
  }
}

export function needTools(tools, files, packages) {
  const directories = (process.env['PATH'] ?? '').split(path.delimiter)
  const isThere = (tool) => directories.some((directory) => existsSync(path.join(directory, tool)))
  const missing = [...tools.filter((tool) => !isThere(tool)), ...files.filter((file) => !existsSync(file))]
  if (missing.length === 0) return
  console.error(
    `firmware: ${missing.join(', ')} missing; on Debian: apt-get install --no-install-recommends ${packages}`,
  )
  process.exit(1)
}

/** Whether `target` is missing or older than an input, platformio.ini or these scripts. */
export function isStale(target, inputs) {
  if (!existsSync(target)) return true
  const builtMs = statSync(target).mtimeMs
  return [...inputs, ...BUILDERS].some((input) => statSync(input).mtimeMs > builtMs)
}

export function filesIn(directory) {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath ?? entry.path, entry.name))
    .sort()
}

export function sourcesIn(directory) {
  return readdirSync(directory)
    .filter((name) => /\.(c|cpp|S)$/.test(name))
    .sort()
    .map((name) => path.join(directory, name))
}
