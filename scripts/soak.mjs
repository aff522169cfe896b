// `npm run soak [-- NAME ...]`: what takes too long for every test run. Prints one JSON line a figure; exits with 1 when one
// misses its target. Without names: all of them.

import { readdirSync } from 'node:fs'
import { build, checkNode, fail, installPackages, root } from './setup.mjs'

checkNode()
installPackages()
build()

const known = readdirSync(`${root}/scripts/soak`)
  .filter((file) => file.endsWith('.mjs'))
  .map((file) => file.replace(/\.mjs$/, ''))
const names = process.argv.slice(2)
for (const name of names) if (!known.includes(name)) fail(`there is no soak ${name}; there are: ${known.join(', ')}`)
for (const name of names.length > 0 ? names : known) {
  const { run } = await import(`${root}/scripts/soak/${name}.mjs`)
  for await (const figure of run()) {
    console.log(JSON.stringify({ soak: name, ...figure }))
    if (!figure.met) process.exitCode = 1
  }
}
