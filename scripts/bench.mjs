// `npm run bench [-- NAME ...]`: runs benchmarks and prints one JSON line a figure. Without names: all of them.

import { readdirSync } from 'node:fs'
import { build, checkNode, fail, installPackages, root } from './setup.mjs'

checkNode()
installPackages()
build()

const known = readdirSync(`${root}/scripts/bench`)
  .filter((file) => file.endsWith('.mjs'))
  .map((file) => file.replace(/\.mjs$/, ''))
const names = process.argv.slice(2)
for (const name of names)
  if (!known.includes(name)) fail(`there is no benchmark ${name}; there are: ${known.join(', ')}`)
for (const name of names.length > 0 ? names : known) {
  const { run } = await import(`${root}/scripts/bench/${name}.mjs`)
  for await (const figure of run()) console.log(JSON.stringify({ bench: name, ...figure }))
}
