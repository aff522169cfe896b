// `npm run bench [-- NAME ...]`: runs benchmarks and prints one JSON line a figure. Without names: all of them, each once.

import { readdirSync } from 'node:fs'
import { build, checkNode, fail, installPackages, root } from './setup.mjs'

checkNode()
installPackages()
build()

const known = readdirSync(`${root}/scripts/bench`)
  .filter((file) => file.endsWith('.mjs'))
  .map((file) => file.replace(/\.mjs$/, ''))
/** Those that another one yields too, and that can be named alone. */
const parts = ['many'] // of bridge
const names = process.argv.slice(2)
for (const name of names)
  if (!known.includes(name)) fail(`there is no benchmark ${name}; there are: ${known.join(', ')}`)
for (const name of names.length > 0 ? names : known.filter((name) => !parts.includes(name))) {
  const { run } = await import(`${root}/scripts/bench/${name}.mjs`)
  for await (const figure of run()) console.log(JSON.stringify({ bench: name, ...figure }))
}
