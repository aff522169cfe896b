// The library's keywords.txt, what Arduino's editor highlights: every public name of the headers.
//
// A small reader of C++ declarations, as far as these headers go: it knows scopes, access labels, templates and enumerators, and
// skips bodies. Types are KEYWORD1, functions KEYWORD2, constants and macros LITERAL1.

/** Public methods of these are called on a Device or a Job, though the classes have other names. */
const BASES_OF_PUBLIC_CLASSES = ['Session', 'JobHandle', 'Streaming']
/** Words in front of a bracket that declare nothing. */
const NO_FUNCTION = new Set([
  'decltype',
  'static_assert',
  'noexcept',
  'alignas',
  '__attribute__',
  'sizeof',
  'while',
  'if',
])

/** The text of keywords.txt for the texts of these headers. */
export function keywordsOf(headers) {
  const kinds = new Map([['portwire', 'KEYWORD1']])
  const add = (name, kind) => {
    const old = kinds.get(name)
    if (old === undefined || kind < old) kinds.set(name, kind)
  }
  for (const header of headers) read(header, add)
  const rows = [...kinds].filter(([name]) => name !== 'portwire')
  rows.sort(([a, ak], [b, bk]) => (ak === bk ? (a < b ? -1 : 1) : ak < bk ? -1 : 1))
  return [['portwire', 'KEYWORD1'], ...rows].map((row) => `${row.join('\t')}\n`).join('')
}

function read(header, add) {
  for (const [, macro] of header.matchAll(/^#define (PORTWIRE_\w+)/gm)) {
    if (!macro.endsWith('_H')) add(macro, 'LITERAL1')
  }
  const text = header
    .replace(/\/\/.*$/gm, '')
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .replace(/"(\\.|[^"\\])*"|'(\\.|[^'\\])'/g, '0')
    .replace(/^#(\\\n|.)*$/gm, '')
  const scopes = [{ kind: 'namespace', name: '', open: true }]
  let statement = []
  for (const token of text.match(/\w+|::|&&|[^\s\w]/g) ?? []) {
    const scope = scopes.at(-1)
    if (token === '{') {
      const inner = scopeOf(withoutTemplate(statement), scope)
      if (inner.kind === 'body') declare(statement, scope, add)
      else if (inner.known && inner.name !== 'Layer') name(inner, scope, add)
      scopes.push(inner)
      statement = []
    } else if (token === '}') {
      if (scope.kind === 'enum') enumerator(statement, scope, add)
      scopes.pop()
      statement = []
    } else if (token === ';') {
      declare(statement, scope, add)
      statement = []
    } else if (token === ',' && scope.kind === 'enum') {
      enumerator(statement, scope, add)
      statement = []
    } else if (
      token === ':' &&
      ['public', 'protected', 'private'].includes(statement.at(-1)) &&
      statement.length === 1
    ) {
      scope.open = scope.known && statement[0] === 'public'
      statement = []
    } else if (scope.kind !== 'body') {
      statement.push(token)
    }
  }
}

/** What a brace opens. `known`: public names in it count; `open`: those declared now are public. */
function scopeOf(statement, outer) {
  if (outer.kind === 'body') return { kind: 'body', name: '', open: false }
  const at = statement.findIndex((token) => ['namespace', 'class', 'struct', 'enum', 'union'].includes(token))
  const bracket = statement.indexOf('(')
  if (at < 0 || (bracket >= 0 && bracket < at)) return { kind: 'body', name: '', open: false }
  const word = statement[at]
  if (word === 'namespace') {
    const named = statement[at + 1] ?? ''
    return { kind: 'namespace', name: named, open: named !== 'detail' && named !== '' }
  }
  const kind = word === 'enum' ? 'enum' : 'class'
  const named = statement[at + (word === 'enum' && ['class', 'struct'].includes(statement[at + 1]) ? 2 : 1)] ?? ''
  const known = outer.open || (outer.name === 'detail' && BASES_OF_PUBLIC_CLASSES.includes(named))
  return { kind, name: named, known, open: known && word !== 'class' }
}

function name(inner, outer, add) {
  if (outer.open && /^[A-Z]/.test(inner.name)) add(inner.name, 'KEYWORD1')
}

function enumerator(statement, scope, add) {
  if (scope.open && statement[0] !== undefined) add(statement[0], 'LITERAL1')
}

/** A declaration that ends with `;` or begins a body. */
function declare(whole, scope, add) {
  if (!scope.open || whole.includes('friend') || whole.includes('operator')) return
  const statement = withoutTemplate(whole)
  if (statement[0] === 'using') return statement[2] === '=' ? add(statement[1], 'KEYWORD1') : undefined
  if (statement[0] === 'typedef') return add(statement.at(-1), 'KEYWORD1')
  const assigned = statement.indexOf('=')
  const bracket = statement.findIndex((token, i) => token === '(' && !NO_FUNCTION.has(statement[i - 1]))
  if (bracket > 0 && (assigned < 0 || bracket < assigned)) {
    const called = statement[bracket - 1]
    const isConstructor = called === scope.name || statement[bracket - 2] === '~'
    if (/^[a-z]\w*$/.test(called) && !isConstructor && bracket >= 2) add(called, 'KEYWORD2')
    return
  }
  const constant = assigned > 0 ? statement[assigned - 1] : statement.at(-1)
  if (statement.includes('constexpr') && /^k[A-Z]\w*$/.test(constant)) add(constant, 'LITERAL1')
}

/** The statement without `template <...>` in front. */
function withoutTemplate(statement) {
  if (statement[0] !== 'template') return statement
  let depth = 0
  for (let i = 1; i < statement.length; i++) {
    if (statement[i] === '<') depth++
    if (statement[i] === '>' && --depth === 0) return withoutTemplate(statement.slice(i + 1))
  }
  return statement
}
