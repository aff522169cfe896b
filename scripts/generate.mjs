// `npm run generate`: writes the headers that the reference firmware and the examples are built from, and the library's keywords.txt.

import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { EXAMPLES } from './firmware/examples.mjs'
import { keywordsOf } from './keywords.mjs'
import { buildExamples, checkNode, installPackages, root } from './setup.mjs'

checkNode()
installPackages()
buildExamples()
const { contractHeader } = await import(`${root}/dist/contract/index.js`)
const { greenhouse } = await import(`${root}/dist/testing/greenhouse.js`)

const headers = { 'firmware/src/greenhouse_contract.h': greenhouse }
for (const { header, contract, contractFile } of EXAMPLES) {
  const module = await import(`${root}/build/examples/${contractFile}.contract.js`)
  headers[header] = module[contract]
}
for (const [path, contract] of Object.entries(headers)) {
  writeFileSync(`${root}/${path}`, contractHeader(contract))
  console.log(path)
}

const library = `${root}/firmware/lib/portwire`
const texts = readdirSync(`${library}/src`, { recursive: true })
  .filter((name) => name.endsWith('.h'))
  .map((name) => readFileSync(`${library}/src/${name}`, 'utf8'))
writeFileSync(`${library}/keywords.txt`, keywordsOf(texts))
console.log('firmware/lib/portwire/keywords.txt')
