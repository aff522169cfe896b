// docs/firmware-api.md from the library's headers.

import { readdirSync, readFileSync } from 'node:fs'
import { lineMembers, readApi, undocumented, withLineMembers } from './api.mjs'

export const API_PAGE = 'docs/firmware-api.md'

/** The headers in the order of the page. One that is missing here, or has nothing public, is an error. */
const PARTS = {
  Device: ['device', 'handlers', 'session'],
  Contract: ['contract', 'in_range'],
  Values: ['values', 'array', 'wide_values'],
  'Answers, errors and jobs': ['status', 'job'],
  Features: [
    ...['plain_events', 'acknowledged_events', 'jobs', 'requests', 'log', 'dead_man', 'remote_reset', 'end_of_input'],
    ...['stats', 'describe', 'baud_rates'],
  ],
  Lines: ['line_arduino', 'line_avr_uart', 'line_bare', 'line_native'],
  Boards: ['board_arduino', 'board_native', 'epoch_cells'],
  'Framing and checksum': ['frame', 'packet', 'received', 'crc16'],
  MessagePack: ['msgpack_reader', 'msgpack_writer'],
  'Numbers of the protocol': ['protocol'],
  Macros: ['polyfills'],
}
/** Headers of which all is in namespace detail. */
const INTERNAL = ['error_reply', 'handler', 'repeat_timer', 'request_lane']

const HEAD = `# The device library, name by name

Every public class, function, constant and macro of [firmware/lib/portwire](../firmware/lib/portwire), by header. This page is
written from the headers by \`npm run docs:firmware\`; a test keeps it true, and fails where a public name or a template's
parameter is not described. How to use it all: [firmware.md](firmware.md).

All names are in namespace \`portwire\`, and \`#include <portwire.h>\` brings all but \`line_avr_uart.h\` and \`epoch_cells.h\`,
which are included by themselves (\`<portwire/line_avr_uart.h>\`). What a feature declares is a member of the Device that lists it.
A function marked **must use** makes the compiler warn when its result is not looked at.

`

/** The text of the page.
 * @param directory  of the headers
 * @throws Error  when a public name has no docstring, or a header has no place on the page; one line each */
export function apiPage(directory) {
  const read = (name) => readFileSync(`${directory}/${name}.h`, 'utf8')
  const members = lineMembers(read('line_arduino'))
  const problems = placeless(directory)
  const parts = Object.entries(PARTS).map(([title, names]) => {
    const sections = names.map((name) => {
      const entries = withLineMembers(readApi(read(name)), members).filter(isFirst)
      problems.push(...undocumented(entries).map((problem) => `${name}.h: ${problem}`))
      return `### ${name}.h\n\n${introduction(read(name))}\n\n${describe(entries)}`
    })
    return `## ${title}\n\n${sections.join('\n')}`
  })
  if (problems.length > 0) throw new Error(problems.join('\n'))
  return `${HEAD}${parts.join('\n')}`
    .replace(/\n{3,}/g, '\n\n')
    .trimEnd()
    .concat('\n')
}

function placeless(directory) {
  const placed = [...Object.values(PARTS).flat(), ...INTERNAL]
  const there = readdirSync(directory).flatMap((file) => /^(\w+)\.h$/.exec(file)?.[1] ?? [])
  const shown = INTERNAL.filter((name) => readApi(readFileSync(`${directory}/${name}.h`, 'utf8')).length > 0)
  return [
    ...there.filter((name) => !placed.includes(name)).map((name) => `${name}.h has no place in PARTS`),
    ...shown.map((name) => `${name}.h is not internal: it declares public names`),
  ]
}

/** The comment at the head of a header: lines that are indented are code. */
function introduction(header) {
  const lines = header.slice(0, header.indexOf('#ifndef')).split('\n')
  const text = lines.map((line) => line.replace(/^\/\/ ?/, ''))
  return withCode(text.map((line) => line.replace(/^ {2}/, '    ')))
}

function withCode(lines) {
  return lines
    .join('\n')
    .trim()
    .replace(/(?:^ {4}.*(?:\n|$))+/gm, (code) => `\n\`\`\`c++\n${code.replace(/^ {4}/gm, '').trimEnd()}\n\`\`\`\n`)
}

function describe(entries) {
  const groups = new Map()
  for (const entry of entries) groups.set(entry.owner, [...(groups.get(entry.owner) ?? []), entry])
  const heads = new Set(entries.filter(isHead).map((entry) => fullName(entry)))
  const own = (groups.get('') ?? []).filter((entry) => !isHead(entry))
  const text = [membersOf(own)]
  for (const head of entries.filter(isHead)) {
    text.push(`#### \`${fullName(head)}\`\n\n\`${head.declaration}\`\n\n${withCode(docLines(head))}\n`)
    text.push(membersOf((groups.get(fullName(head)) ?? []).filter((entry) => !isHead(entry))))
  }
  // Namespaces, and the bases of Device and Job.
  for (const [owner, group] of groups) {
    if (owner !== '' && !heads.has(owner)) text.push(`#### \`${owner}\`\n`, membersOf(group))
  }
  return text.filter(Boolean).join('\n')
}

/** False for what another branch of #if declares once more. */
const isFirst = (entry, at, all) =>
  !all.some((other, i) => i < at && other.owner === entry.owner && other.declaration === entry.declaration)
const isHead = ({ kind }) => kind === 'class' || kind === 'enum'
const fullName = ({ owner, name }) => (owner ? `${owner}::${name}` : name)
const docLines = ({ doc, shares }) => (doc || shares?.doc || '').split('\n')

function membersOf(entries) {
  if (entries.length === 0) return ''
  const isTable = entries.every(({ kind, declaration }) => kind === 'enumerator' || / = [\w']+$/.test(declaration))
  if (isTable && entries.length > 1) {
    const value = ({ kind, declaration }) => (kind === 'enumerator' ? declaration : / = (.*)$/.exec(declaration)[1])
    const rows = entries.map((entry) => `| \`${entry.name}\` | ${value(entry)} | ${oneLine(entry)} |`)
    return `| name | value | meaning |\n| --- | --- | --- |\n${rows.join('\n')}\n`
  }
  return `${entries.map(item).join('\n')}\n`
}

/** A docstring that has code in it goes below its declaration as it is. */
function item(entry) {
  const head = `* \`${readable(entry.declaration)}\`${entry.mustUse ? ' **must use**' : ''}`
  const lines = docLines(entry)
  if (!lines.some((line) => line.startsWith('    ')))
    return oneLine(entry) === '' ? head : `${head}<br>${oneLine(entry)}`
  return `${head}\n\n${withCode(lines)}\n`
}

/** Without what only the compiler wants to know: how a parameter's type is found. */
function readable(declaration) {
  return declaration
    .replace(/typename (?:detail::)?Identity<((?:[^<>]|<[^<>]*(?:<[^<>]*>[^<>]*)*>)*?)>::type/g, '$1')
    .replace(/typename (?:detail::)?Parameter<(\w+)>::Type/g, '$1')
}

const oneLine = (entry) => docLines(entry).join(' ').replace(/\s+/g, ' ').trim()
