// `npm run soak -- NAME ... [--seed N] [--short]`: long runs that try to break a promise. Each prints one JSON line with figure,
// target and seed, and the exit status is 1 when a target was missed. Without a name: says which there are.

import { readdirSync } from 'node:fs'
import { createLoader } from './load-ts.mjs'
import { buildReliabilityDevice } from './reliability-device.mjs'
import { build, checkNode, fail, installDebianPackages, installPackages, root } from './setup.mjs'

checkNode()
installPackages()

// Those in TypeScript have a short version in the tests; those in scripts/soak run processes of their own.
const namesIn = (folder, ending) =>
  readdirSync(`${root}/${folder}`)
    .filter((file) => file.endsWith(ending))
    .map((file) => [file.slice(0, -ending.length), `${folder}/${file}`])
const runs = new Map([...namesIn('test/soak', '.soak.ts'), ...namesIn('scripts/soak', '.mjs')])
const known = [...runs.keys()]
const words = process.argv.slice(2)
const seedAt = words.indexOf('--seed')
const seed = seedAt < 0 ? Math.floor(Math.random() * 2 ** 31) : Number(words[seedAt + 1])
const names = words.filter((word, at) => !word.startsWith('--') && (seedAt < 0 || at !== seedAt + 1))
if (!Number.isInteger(seed)) fail(`--seed ${words[seedAt + 1]} is not a whole number`)
if (names.length === 0) fail(`name a run: ${known.join(', ')}`)
for (const name of names) if (!known.includes(name)) fail(`there is no run ${name}; there are: ${known.join(', ')}`)

build()
installDebianPackages()
await buildReliabilityDevice()
const loader = await createLoader()
try {
  for (const name of names) {
    const file = runs.get(name)
    const { run } = file.endsWith('.mjs') ? await import(`${root}/${file}`) : await loader.load(file)
    for await (const result of run({ seed, isFull: !words.includes('--short') })) {
      console.log(JSON.stringify({ soak: name, ...result, seed }))
      if (!result.ok) process.exitCode = 1
    }
  }
} finally {
  await loader.close()
}
