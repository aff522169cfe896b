// The rows of docs/limits.md, from compiled modules; the test makes the same rows from the sources.

const FILES = [
  'wire/value-scan',
  'contract/limits',
  'port/limits',
  'port/host/action-protocol',
  'port/host/raw-packets',
  'port/host/raw-types',
  'link/limits',
  'link/serial',
  'link/spawn',
  'supervision/restart',
  'serve',
  'event-server/limits',
  'stdio/limits',
  'gateway/limits',
]

/** @param load reads a module by its path below src/ or dist/ */
export async function limitRows(folder, load = (file) => import(`${folder}/${file}.js`)) {
  const rows = []
  for (const file of FILES) {
    const module = await load(file)
    const names = Object.keys(module).filter((name) => /^[A-Z][A-Z0-9_]+$/.test(name))
    for (const name of names.sort()) {
      const value = module[name]
      if (Array.isArray(value)) continue // words, not limits
      const entries =
        typeof value === 'object' ? Object.entries(value).map(([key, v]) => [`${name}.${key}`, v]) : [[name, value]]
      for (const [full, v] of entries)
        rows.push(`| \`src/${file}.ts\` | \`${full}\` | ${v.toLocaleString?.('en') ?? v} |\n`)
    }
  }
  return rows
}
