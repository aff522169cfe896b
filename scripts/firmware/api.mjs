// What is public in the library's headers, with the docstring of each: what docs/firmware-api.md is made of.
//
// A small reader of C++ declarations, as far as these headers go. A docstring is the `///` above a declaration or the `///<` behind
// it; an overload without one shares that of the declaration of its name before it. A member that every Line has is described once,
// in the comment at the head of line_arduino.h.

/** In namespace detail, yet called on a Device or a Job: what they are called on the page. */
const BASES = { Session: 'Device', JobHandle: 'Job', Streaming: 'Job', 'Streaming<Fields<T...>>': 'Job' }

/** Classes that have the members of a Line. */
const LINES = /Line$|^Descriptors$|^AvrUart$/

/** The public declarations of a header, in its order: `{ kind, name, owner, declaration, doc, parameters }`. `kind` is class, enum,
 * enumerator, function, constant, field, type or macro; `owner` the class or namespace it is in, empty in portwire itself. */
export function readApi(header) {
  const found = macrosOf(header)
  const scopes = [{ kind: 'namespace', name: '', open: true }]
  let doc = []
  let statement = ''
  let trailing = ''
  let depth = 0
  const declare = (isDefined = false) => {
    const entry = scopes.at(-1).open ? declarationOf(statement, scopes.at(-1), isDefined) : undefined
    if (entry) found.push({ ...entry, owner: scopes.at(-1).owner ?? '', doc: [...doc, trailing].join('\n').trim() })
    doc = []
    statement = trailing = ''
  }
  for (const token of tokensOf(header)) {
    const scope = scopes.at(-1)
    if (/^\/\/(?!\/)/.test(token)) continue
    if (depth > 0) depth += token === '{' ? 1 : token === '}' ? -1 : 0
    else if (token.startsWith('///<')) {
      const text = token.slice(4).trim()
      if (statement.trim() !== '') trailing = text
      else if (scope.open && found.length > 0) found.at(-1).doc = `${found.at(-1).doc}\n${text}`.trim()
    } else if (token.startsWith('///')) {
      if (statement.trim() === '') doc.push(token.slice(4))
    } else if (token === '{') {
      const inner = scopeOf(statement, scope)
      if (inner === undefined) depth = 1
      if (inner === undefined || (inner.kind !== 'namespace' && inner.name !== 'Layer' && scope.open)) declare(true)
      if (inner !== undefined) scopes.push(inner)
      doc = []
      statement = ''
    } else if (token === '}') {
      if (scope.kind === 'enum') declare()
      scopes.pop()
      doc = []
      statement = ''
    } else if (token === ';' || (token === ',' && scope.kind === 'enum')) declare()
    else if (token === ':' && /^\s*(public|protected|private)\s*$/.test(statement)) {
      scope.open = scope.known && statement.trim() === 'public'
      statement = ''
    } else statement += token
  }
  return found.map(withSharedDoc)
}

function macrosOf(header) {
  const macros = header.matchAll(/((?:^\/\/\/.*\n)*)(?:#if.*\n)?^#define (PORTWIRE_\w+)(\([^)]*\))?/gm)
  return [...macros]
    .filter(([, , name]) => !name.endsWith('_H'))
    .map(([, doc, name, list = '']) => ({
      kind: 'macro',
      name,
      owner: '',
      declaration: name + list,
      doc: doc.replaceAll('/// ', '').trim(),
      parameters: [],
    }))
}

function tokensOf(header) {
  const code = header.replace(/((?:^\/\/\/.*\n)*)(#if.*\n)?^#define (\\\n|.)*$/gm, '').replace(/^#(\\\n|.)*$/gm, '')
  return code.match(/\/\/.*|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])'|\w+|\s+|::|[^\s\w]/g) ?? []
}

/** What a brace opens that has declarations in it; undefined for a body or the value of a constant. */
function scopeOf(statement, outer) {
  const { rest } = templateOf(flat(statement))
  const match = TYPE.exec(rest)
  if (!match) return undefined
  const [, kind, name] = match
  if (kind === 'namespace') {
    const open = outer.open && name !== 'detail' && name !== ''
    return { kind, name, open, owner: name === 'portwire' ? '' : name }
  }
  const known = outer.open || (outer.name === 'detail' && Object.hasOwn(BASES, name))
  const owner = name === 'Layer' ? outer.owner : (BASES[name] ?? (outer.owner ? `${outer.owner}::${name}` : name))
  return { kind: kind.startsWith('enum') ? 'enum' : 'class', name, known, open: known && kind !== 'class', owner }
}

/** The head of a namespace, class or enum, with the arguments of a specialisation. */
const TYPE = /^(namespace|class|struct|enum class|enum)\b\s*(\w*(?:<[^:]*?>)?)(?= final| :|$)/

const flat = (text) => text.replace(/\s+/g, ' ').trim()

/** The parameters of `template <...>` in front of a declaration, and the declaration. */
function templateOf(text) {
  if (!text.startsWith('template')) return { parameters: [], rest: text }
  let depth = 0
  let round = 0
  for (let i = text.indexOf('<'); i < text.length; i++) {
    if (text[i] === '(') round++
    if (text[i] === ')') round--
    if (round > 0) continue
    if (text[i] === '<') depth++
    if (text[i] === '>' && --depth === 0) {
      const list = text.slice(text.indexOf('<') + 1, i).replace(/=[^,]*(\([^)]*\))?/g, '')
      const parameters = list.split(',').flatMap((one) => /(\w+)\s*$/.exec(one)?.[1] ?? [])
      return { parameters, rest: text.slice(i + 1).trim() }
    }
  }
  return { parameters: [], rest: text }
}

function declarationOf(statement, scope, isDefined) {
  const text = flat(statement)
  const { parameters, rest } = templateOf(text)
  if (scope.kind === 'enum') {
    const [name, value] = text.split(' = ')
    return name === '' ? undefined : { kind: 'enumerator', name, declaration: value ?? '', parameters: [] }
  }
  if (rest === '' || /^(static_assert|friend|extern)\b/.test(rest) || /^using (?!\w+ =)/.test(rest)) return undefined
  const type = TYPE.exec(rest)
  if (type) {
    if (!isDefined) return undefined
    const declaration = text.replace(/ (final )?: (public|private|detail|uint).*$/, '')
    return { kind: type[1].startsWith('enum') ? 'enum' : 'class', name: type[2], declaration, parameters }
  }
  if (/^(typedef|using)\b/.test(rest)) {
    const name = /^using (\w+) =/.exec(rest)?.[1] ?? /(\w+)$/.exec(rest)[1]
    return { kind: 'type', name, declaration: text, parameters }
  }
  const called = /(operator\S+|[\w:<>]+)\s*\(/.exec(rest.replace(/__attribute__\(\(.*?\)\)/g, ''))
  const assigned = rest.indexOf(' = ')
  if (called && (assigned < 0 || rest.indexOf(`${called[1]}(`) < assigned)) {
    const name = called[1]
    if (name.includes('::') || Object.hasOwn(BASES, name)) return undefined
    const declaration = withoutInitialisers(text).replace(/PORTWIRE_(NOINLINE|MUST_USE) |inline /g, '')
    const isDefault = new RegExp(`^(constexpr )?${scope.name.replace(/<.*/, '')}\\(\\)`).test(declaration)
    const mustUse = text.includes('PORTWIRE_MUST_USE')
    return isDefault ? undefined : { kind: 'function', name, declaration, mustUse, parameters: [] }
  }
  const name = /([\w:<>]+)(\[.*\])?$/.exec(assigned < 0 ? rest : rest.slice(0, assigned))?.[1] ?? ''
  if (name.includes('::')) return undefined
  return { kind: /\bconstexpr\b/.test(rest) ? 'constant' : 'field', name, declaration: text, parameters: [] }
}

/** A constructor without ` : value_(value)`. */
function withoutInitialisers(text) {
  let depth = 0
  for (let i = 0; i < text.length; i++) {
    if ('(<'.includes(text[i])) depth++
    if (')>'.includes(text[i])) depth--
    if (depth === 0 && text.startsWith(') : ', i)) return text.slice(0, i + 1)
  }
  return text
}

/** Without a docstring of its own: that of the declaration of this name before it, where a specialisation's is its template's. */
function withSharedDoc(entry, at, all) {
  if (entry.doc !== '' || entry.kind === 'class') return entry
  const whole = (owner) => owner.replace(/<.*>/, '')
  const shares = all.findLast(
    (other, i) => i < at && other.doc && other.name === entry.name && whole(other.owner) === whole(entry.owner),
  )
  return shares ? { ...entry, shares } : entry
}

/** What each member of a Line is for, from the comment at the head of line_arduino.h: name to sentence. */
export function lineMembers(header) {
  const rows = header.matchAll(/^\/\/ {3}(?:.*?)(\w+)(?:\(.*?\)(?: const)?)?;? {2,}(\S.*)$/gm)
  return new Map([...rows].map(([, name, doc]) => [name, `${doc[0].toUpperCase()}${doc.slice(1)}.`]))
}

/** The entries with the docstrings of `lineMembers` where a Line has none of its own. */
export function withLineMembers(entries, members) {
  return entries.map((entry) =>
    entry.doc === '' && LINES.test(entry.owner) && members.has(entry.name)
      ? { ...entry, doc: members.get(entry.name) }
      : entry,
  )
}

/** What is public and says nothing: a line each. A template says what each of its parameters is. */
export function undocumented(entries) {
  return entries.flatMap((entry) => {
    const name = entry.owner ? `${entry.owner}::${entry.name}` : entry.name
    if (entry.doc === '' && !entry.shares) return [`${entry.kind} ${name} has no docstring`]
    if (entry.kind !== 'class' && entry.kind !== 'type') return []
    const silent = entry.parameters.filter((parameter) => !new RegExp(`\\b${parameter}\\b`).test(entry.doc))
    return silent.map((parameter) => `${entry.kind} ${name} does not say what ${parameter} is`)
  })
}
