// The rows of docs/parity.md: what must hold for both kinds of peer, and which tests say so by their names.
//
// A test claims a row by beginning its name, or that of a describe around it, with the id: `L4, L5: close is idempotent`. Its
// peer is in the words of the whole name (PEER_WORDS), or that of the whole file (test/parity/files.json); names are read, not run,
// so `%s` is no word.

import { readdirSync, readFileSync } from 'node:fs'

/** The groups in the order of the page, and their titles. */
export const GROUPS = {
  framing: 'Framing',
  calls: 'Actions, calls, answers',
  life: 'Life',
  streams: 'Streams and flow',
  events: 'Events, bindings, requests',
  companion: 'Companion',
  decoders: 'Decoders, heartbeats, queues',
}

export const PEERS = ['program', 'board']

const PEER_WORDS = {
  program: /\b(programs?|spawned)\b/i,
  board: /\b(boards?|uno|tty|pty|serial|uart|firmware)\b/i,
}
const IDS = /^((?:[FCLSEWD]\d{1,2})(?:, [FCLSEWD]\d{1,2})*): /

/** The rows by group, the options of `open_port`, and the files that have one peer throughout. */
export function readRows(root) {
  const read = (name) => JSON.parse(readFileSync(`${root}/test/parity/${name}.json`, 'utf8'))
  const known = readdirSync(`${root}/test/parity/rows`)
  const groups = Object.fromEntries(Object.keys(GROUPS).map((group) => [group, read(`rows/${group}`)]))
  if (known.length !== Object.keys(groups).length + 1) throw new Error('test/parity/rows has a file of no group')
  return { groups, options: read('rows/options'), filePeers: read('files') }
}

/** The ids that a full name claims, describes included. */
export function idsOf(name) {
  const ids = name.split(' > ').flatMap((part) => IDS.exec(part)?.[1].split(', ') ?? [])
  return [...new Set(ids)]
}

/** The peers that a test is about; none when it does not say, or when its file is about another kind. Where a whole file runs
 * on both (`describe.each(PEERS)`), a name that says one of them is about that one. */
export function peersOf({ file, name }, filePeers) {
  const ofFile = filePeers[file]
  const named = PEERS.filter((peer) => PEER_WORDS[peer].test(name))
  if (ofFile && (ofFile.length < PEERS.length || named.length === 0)) return ofFile
  return named
}

/** What the tests claim.
 * @param tests  `{ file, name }`, the path from the root of the checkout and the names joined by ' > '
 * @returns `cells`: row by row the files that test it, for each peer; `gaps`: what has neither test nor reason;
 *   `faults`: tests that claim a row that does not exist, or whose peer cannot be told */
export function compareRows({ groups, options, filePeers }, tests) {
  const rows = Object.values(groups).flat()
  const cells = new Map(rows.map(({ id }) => [id, { program: new Set(), board: new Set() }]))
  const faults = []
  for (const test of tests) {
    const peers = peersOf(test, filePeers)
    for (const id of idsOf(test.name)) {
      const where = `${test.file}: ${test.name}`
      if (!cells.has(id)) faults.push(`${id} is no row: ${where}`)
      else if (peers.length === 0 && !(test.file in filePeers))
        faults.push(`${id}: neither a program nor a board is named: ${where}`)
      else for (const peer of peers) cells.get(id)[peer].add(test.file)
    }
  }
  for (const file of Object.keys(filePeers)) {
    if (!tests.some((test) => test.file === file))
      faults.push(`test/parity/files.json names ${file}, which has no tests`)
  }
  for (const { id, rows: of = [] } of options) {
    for (const row of of) if (!cells.has(row)) faults.push(`${id} names ${row}, which is no row`)
  }
  const gaps = rows.flatMap((row) =>
    PEERS.filter((peer) => row[peer] === 'test' && cells.get(row.id)[peer].size === 0).map(
      (peer) => `${row.id} on a ${peer}: ${row.behaviour}`,
    ),
  )
  return { cells, gaps, faults }
}
