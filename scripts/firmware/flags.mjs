// Compiler flags from platformio.ini, as PlatformIO reads them: `extends`, `${section.key}`, the section [env] under each environment.

import { readFileSync } from 'node:fs'

/** Flags of a list in an environment or another section, one word each: `-I directory` becomes `-Idirectory`.
 * @throws Error  for a section or a key that is not there */
export function flagsOf(section, key = 'build_flags', file = 'platformio.ini') {
  const sections = readIni(file)
  const words = settingOf(sections, section, key).split(/\s+/).filter(Boolean)
  const takesNext = (word) => word === '-I' || word === '-D'
  return words.flatMap((word, at) =>
    takesNext(word) ? [] : at > 0 && takesNext(words[at - 1]) ? [`${words[at - 1]}${word}`] : [word],
  )
}

function settingOf(sections, section, key) {
  const found = lookUp(sections, section, key)
  if (found === undefined) throw new Error(`platformio.ini has no ${key} in [${section}]`)
  return found.replace(/\$\{([^}]+)\.([^.}]+)\}/g, (_, other, name) => settingOf(sections, other, name))
}

/** The section's own value, else that of the sections it extends, else for an environment that of [env]. */
function lookUp(sections, section, key) {
  const own = sections.get(section)
  if (own === undefined) throw new Error(`platformio.ini has no [${section}]`)
  if (own.has(key)) return own.get(key)
  for (const base of (own.get('extends') ?? '').split(/[\s,]+/).filter(Boolean)) {
    const inherited = lookUp(sections, base, key)
    if (inherited !== undefined) return inherited
  }
  return section.startsWith('env:') ? sections.get('env')?.get(key) : undefined
}

/** Section to key to value; the lines of a value are joined by spaces.
 * @throws Error  for a line that is neither a section, a pair nor the continuation of one */
export function readIni(file) {
  const sections = new Map()
  let section
  let key
  for (const line of readFileSync(file, 'utf8').split('\n')) {
    if (/^\s*([;#]|$)/.test(line)) continue
    const head = /^\[(.+)\]$/.exec(line.trim())
    const pair = /^(\w+)\s*=\s*(.*)$/.exec(line)
    if (head) {
      if (sections.has(head[1])) throw new Error(`${file}: [${head[1]}] twice`)
      section = new Map()
      sections.set(head[1], section)
      key = undefined
    } else if (pair && section) {
      key = pair[1]
      if (section.has(key)) throw new Error(`${file}: ${key} twice in one section`)
      section.set(key, pair[2])
    } else if (/^\s/.test(line) && key !== undefined) {
      section.set(key, `${section.get(key)} ${line.trim()}`)
    } else {
      throw new Error(`${file}: what is "${line}"?`)
    }
  }
  return sections
}
