// `npm run generate`: writes the header of the greenhouse contract, from which the reference firmware is built.

import { writeFileSync } from 'node:fs'
import { build, checkNode, installPackages, root } from './setup.mjs'

checkNode()
installPackages()
build()
const { contractHeader } = await import(`${root}/dist/contract/index.js`)
const { greenhouse } = await import(`${root}/dist/testing/greenhouse.js`)
const path = 'firmware/src/greenhouse_contract.h'
writeFileSync(`${root}/${path}`, contractHeader(greenhouse))
console.log(path)
