/** Contracts from files: JSON, YAML, or a module that exports what defineContract has returned. One schema checks all of them. */

import { constants, openSync, readFileSync, type Stats, statSync } from 'node:fs'
import { Socket } from 'node:net'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type Document, isCollection, type LineCounter } from 'yaml'
import { PortwireError } from '../../errors.js'
import { ContractProblem, defineContract } from '../define.js'
import { CONTRACT_LIMITS } from '../limits.js'
import type { Contract } from '../model.js'
import type { ContractDefinition } from '../types.js'
import { firstProblem } from './problems.js'
import { contractSchema } from './schema.js'
import { unreadable } from './unreadable.js'
import { readYaml } from './yaml-text.js'

const MODULE = /\.[cm]?[jt]s$/
const TYPESCRIPT = /\.[cm]?ts$/

/** Reads and checks a contract: JSON or YAML by its text; a file called .js, .mjs, .ts and the like by running it.
 * @throws CONTRACT_INVALID  one line that names file, place and member: it cannot be read, or is no contract */
export async function loadContract(path: string): Promise<Contract> {
  if (!MODULE.test(path)) return isPipe(path) ? parseContract(path, await textOfPipe(path)) : readContract(path)
  if (TYPESCRIPT.test(path) && !(process.features as { typescript?: unknown }).typescript) {
    throw invalid(
      path,
      `this Node (${process.versions.node}) does not read TypeScript, 22.18 and newer do; compile it, or give JSON or YAML`,
    )
  }
  textOf(path)
  let exports: Readonly<Record<string, unknown>>
  try {
    exports = (await import(pathToFileURL(resolve(path)).href)) as Record<string, unknown>
  } catch (error) {
    throw invalid(path, `does not run: ${reasonOf(error)}`, error)
  }
  // What is exported under two names, as itself and as default, is one contract.
  const [definition, ...more] = new Set(Object.values(exports).flatMap(definitionIn))
  if (definition === undefined) throw invalid(path, 'exports no contract; export one that defineContract returned')
  if (more.length > 0) throw invalid(path, `exports ${more.length + 1} contracts; a file has one`)
  return checked(path, definition, () => '')
}

/** JSON and YAML only, at once; for who must not run a stranger's code.
 * @throws CONTRACT_INVALID  as loadContract; also for a module */
export function readContract(path: string): Contract {
  if (MODULE.test(path)) {
    const cure = `portwire generate ${path} --json FILE writes it as JSON`
    throw invalid(path, `a program is not run here: JSON or YAML is expected; ${cure}`)
  }
  return parseContract(path, textOf(path))
}

/** JSON is a subset of YAML, so one parser reads both. `path` is for messages only. */
export function parseContract(path: string, text: string): Contract {
  const yaml = readYaml(text)
  if (!yaml.ok) throw invalid(`${path}${yaml.at}`, `not YAML: ${yaml.problem}`, yaml.cause)
  return checked(path, yaml.value, (place) => placeIn(yaml.document, yaml.lines, place))
}

/** Of a file that has an end: a serial port has none, and a pipe perhaps not yet. */
function textOf(path: string): string {
  let stats: Stats
  try {
    stats = statSync(path)
    if (stats.isFile() && stats.size <= CONTRACT_LIMITS.fileBytes) return readFileSync(path, 'utf8')
  } catch (error) {
    throw invalid(path, unreadable(error), error)
  }
  if (stats.isFile()) throw invalid(path, `longer than ${CONTRACT_LIMITS.fileBytes} bytes`)
  if (stats.isDirectory()) throw invalid(path, 'is a directory')
  throw invalid(
    path,
    stats.isCharacterDevice() ? `is no file; portwire generate --from ${path} asks a board there` : 'is no file',
  )
}

/** What another program writes, as in `portwire generate <(make-contract)`. Opened so that it does not wait for a writer: that
 * would keep a thread, and with it this program from ending when it is told to. */
async function textOfPipe(path: string): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  try {
    const pipe = new Socket({
      fd: openSync(path, constants.O_RDONLY | constants.O_NONBLOCK),
      readable: true,
      writable: false,
    })
    for await (const chunk of pipe as AsyncIterable<Buffer>) {
      chunks.push(chunk)
      bytes += chunk.length
      if (bytes > CONTRACT_LIMITS.fileBytes) break
    }
  } catch (error) {
    throw invalid(path, unreadable(error), error)
  }
  if (bytes > CONTRACT_LIMITS.fileBytes) throw invalid(path, `longer than ${CONTRACT_LIMITS.fileBytes} bytes`)
  return Buffer.concat(chunks).toString('utf8')
}

function isPipe(path: string): boolean {
  try {
    return statSync(path).isFIFO()
  } catch {
    return false // what is wrong with it is told when it is read
  }
}

/** @param placeOf  `:line:column` of a member, or nothing */
function checked(path: string, given: unknown, placeOf: (place: readonly (string | number)[]) => string): Contract {
  const parsed = contractSchema.safeParse(given)
  if (!parsed.success) {
    const { path: place, problem } = firstProblem(parsed.error.issues, contractSchema, given)
    const member = place.length > 0 ? `${place.join('.')}: ` : ''
    throw invalid(`${path}${placeOf(place)}`, `${member}${problem}`, parsed.error)
  }
  try {
    return defineContract(given as ContractDefinition)
  } catch (error) {
    if (!(error instanceof ContractProblem)) throw error
    const place = error.path === '' ? [] : error.path.split('.')
    throw invalid(`${path}${placeOf(place)}`, `${error.path === '' ? '' : `${error.path}: `}${error.problem}`, error)
  }
}

/** The key of a member, or of the nearest table around it that is there. */
function placeIn(document: Document, lines: LineCounter, path: readonly (string | number)[]): string {
  for (let length = path.length; length > 0; length--) {
    const table = length === 1 ? document.contents : document.getIn(path.slice(0, length - 1), true)
    if (!isCollection(table)) continue
    const pair = table.items.find((item) => keyOf(item) === path[length - 1]) as
      | { key?: { range?: number[] } }
      | undefined
    const offset = pair?.key?.range?.[0]
    if (offset === undefined) continue
    const { line, col } = lines.linePos(offset)
    return `:${line}:${col}`
  }
  return ''
}

function keyOf(item: unknown): unknown {
  const key = (item as { key?: { value?: unknown } }).key
  return key?.value
}

/** Of whatever a module has thrown. */
function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message || error.name : String(error)
  return text.split('\n', 1)[0]!
}

function definitionIn(value: unknown): unknown[] {
  if (typeof value !== 'object' || value === null) return []
  const { definition, byIndex } = value as { definition?: unknown; byIndex?: unknown }
  return typeof definition === 'object' && definition !== null && byIndex instanceof Map ? [definition] : []
}

function invalid(place: string, problem: string, cause?: unknown): PortwireError {
  return new PortwireError('CONTRACT_INVALID', `${place}: ${problem}`, cause === undefined ? {} : { cause })
}
