// `npm run soak -- NAME ... [--seed N] [--short]`: long runs that try to break a promise. Each prints one JSON line with figure,
// target and seed, and the exit status is 1 when a target was missed. Without a name: says which there are.

import { readdirSync } from 'node:fs'
import { createLoader } from './load-ts.mjs'
import { checkNode, fail, installPackages, root } from './setup.mjs'

checkNode()
installPackages()

const known = readdirSync(`${root}/test/soak`)
  .filter((file) => file.endsWith('.soak.ts'))
  .map((file) => file.replace(/\.soak\.ts$/, ''))
const words = process.argv.slice(2)
const seedAt = words.indexOf('--seed')
const seed = seedAt < 0 ? Math.floor(Math.random() * 2 ** 31) : Number(words[seedAt + 1])
const names = words.filter((word, at) => !word.startsWith('--') && (seedAt < 0 || at !== seedAt + 1))
if (!Number.isInteger(seed)) fail(`--seed ${words[seedAt + 1]} is not a whole number`)
if (names.length === 0) fail(`name a run: ${known.join(', ')}`)
for (const name of names) if (!known.includes(name)) fail(`there is no run ${name}; there are: ${known.join(', ')}`)

const loader = await createLoader()
try {
  for (const name of names) {
    const { run } = await loader.load(`test/soak/${name}.soak.ts`)
    for await (const result of run({ seed, isFull: !words.includes('--short') })) {
      console.log(JSON.stringify({ soak: name, ...result, seed }))
      if (!result.ok) process.exitCode = 1
    }
  }
} finally {
  await loader.close()
}
