// `npm run generate`: writes the headers that the reference firmware and the examples are built from.

import { writeFileSync } from 'node:fs'
import { buildExamples, checkNode, installPackages, root } from './setup.mjs'

checkNode()
installPackages()
buildExamples()
const { contractHeader } = await import(`${root}/dist/contract/index.js`)
const { greenhouse } = await import(`${root}/dist/testing/greenhouse.js`)
const { blink } = await import(`${root}/build/examples/blink.contract.js`)

const HEADERS = {
  'firmware/src/greenhouse_contract.h': greenhouse,
  'firmware/lib/portwire/examples/Blink/blink_contract.h': blink,
}
for (const [path, contract] of Object.entries(HEADERS)) {
  writeFileSync(`${root}/${path}`, contractHeader(contract))
  console.log(path)
}
