// The table of the config's keys, from its JSON Schema.

const BEGIN = '<!-- keys: npm run docs:config -->'
const END = '<!-- /keys -->'

/** @param {string} page @param {unknown} schema  as configJsonSchema gives it */
export function withTable(page, schema) {
  const [before, rest] = page.split(BEGIN)
  const after = rest?.split(END)[1]
  if (after === undefined) throw new Error(`the page has no ${BEGIN} … ${END}`)
  return `${before}${BEGIN}\n\n${table(schema)}\n\n${END}${after}`
}

/** One row a key, in the order of the schema. */
export function table(schema) {
  const rows = keys(schema, 0).map(
    ({ depth, name, schema: key, isRequired }) =>
      `| ${'– '.repeat(depth)}\`${name}\` |${cell(isRequired && key.default === undefined ? 'required' : standsFor(key))}| ${text(key)} |`,
  )
  return ['| key | default | |', '| --- | --- | --- |', ...rows].join('\n')
}

function cell(text) {
  return text === '' ? ' ' : ` ${text} `
}

function keys(schema, depth) {
  const table = below(schema)
  return Object.entries(table.properties ?? {}).flatMap(([name, key]) => [
    { depth, name, schema: key, isRequired: table.required?.includes(name) === true },
    ...keys(key, depth + 1),
  ])
}

/** Where the keys of a record, of a list's items, or of what may be a table, are. */
function below(schema) {
  const table = schema.anyOf?.find(({ properties }) => properties)
  if (table) return table
  if (schema.type === 'array') return below(schema.items ?? {})
  return typeof schema.additionalProperties === 'object' ? schema.additionalProperties : schema
}

function standsFor({ default: value }) {
  if (value === undefined || (typeof value === 'object' && !Array.isArray(value))) return ''
  return Array.isArray(value) ? `\`[${value.join(', ')}]\`` : `\`${value}\``
}

function text({ description, examples = [], default: value, enum: words, type }) {
  const choice = words && words.length > 1 ? ` One of ${words.map((word) => `\`${word}\``).join(', ')}.` : ''
  const example = examples[0]
  const isShown = type !== 'object' && type !== 'boolean' && !choice && typeof example !== 'object' && example !== value
  const shown = isShown && example !== '…' ? ` Example: \`${example}\`.` : ''
  return `${description}${choice}${shown}`.replaceAll('|', '\\|')
}
