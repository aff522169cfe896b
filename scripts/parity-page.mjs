// docs/parity.md as text: the rows, and in each cell the files whose tests claim it, or the reason why there is none.

import { GROUPS, PEERS } from './parity.mjs'

const HEAD = `# Parity

A port is the same for a spawned program and for a microcontroller on a UART. Each row is a behaviour of Erlang's
\`open_port\` and of what has been built upon it, and is tested on **both kinds of peer**; where one of them has nothing to
test, the reason stands in its place. A † marks what the originals (BotArmy's ports, RexPort, Grimsby, mod_kazoo,
\`open_port\` itself) promise and break.

This page is written by \`npm run docs:parity\` from \`test/parity/rows\` and the names of the tests; a test keeps it true and
fails when a row has neither test nor reason (\`npm run docs:parity -- --gaps\` lists them). A test claims a row by beginning
its name with the id (\`L4, L5: …\`), and names its peer in words, \`program\` or \`spawned\`, \`board\`, \`Uno\`, \`tty\`, \`pty\`, \`serial\`,
\`UART\` or \`firmware\`; \`test/parity/files.json\` lists the files that have the same peers throughout, and those that are about
another kind of peer.
`

/** @param rows  what `readRows` gives
 *  @param cells what `compareRows` gives */
export function parityPage({ groups, options }, cells) {
  const sections = Object.entries(groups).map(([group, rows]) => section(GROUPS[group], rows, cells))
  return `${HEAD}${sections.join('')}${optionSection(options)}`
}

function section(title, rows, cells) {
  const lines = rows.map((row) => {
    const mark = row.originalBreaks ? '†' : ''
    const peers = PEERS.map((peer) => cellText(row[peer], cells.get(row.id)[peer]))
    return `| ${[row.id, row.behaviour, mark, ...peers].map(escaped).join(' | ')} |\n`
  })
  return `\n## ${title}\n\n| id | behaviour | the original breaks it | spawned program | board on a UART |\n| --- | --- | --- | --- | --- |\n${lines.join('')}`
}

function cellText(wanted, files) {
  if (files.size > 0) return [...files].sort().map(shortened).join(', ')
  if (wanted === 'test') return '**no test**'
  return wanted.later === undefined ? wanted.none : `*later:* ${wanted.later}`
}

function shortened(file) {
  return `\`${file.replace(/^test\//, '').replace(/\.test\.ts$/, '')}\``
}

function optionSection(options) {
  const lines = options.map(
    ({ id, option, rows, none }) => `| ${id} | ${escaped(option)} | ${rows === undefined ? none : rows.join(', ')} |\n`,
  )
  return `\n## The options of \`open_port\`\n\n| id | of Erlang/OTP | rows |\n| --- | --- | --- |\n${lines.join('')}`
}

function escaped(text) {
  return text.replaceAll('|', '\\|')
}
