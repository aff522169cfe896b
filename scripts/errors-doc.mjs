// `npm run docs:errors`: writes the table of docs/errors.md from src/errors.ts.

import { readFileSync, writeFileSync } from 'node:fs'
import { build, root } from './setup.mjs'

build()
const { ERRORS } = await import(`${root}/dist/errors.js`)
const path = `${root}/docs/errors.md`
const head = readFileSync(path, 'utf8').split('| --- | --- | --- |\n')[0]
const rows = Object.entries(ERRORS).map(([code, { what, hint }]) => `| \`${code}\` | ${what} | ${hint} |\n`)
writeFileSync(path, `${head}| --- | --- | --- |\n${rows.join('')}`)
