// `npm run docs:config`: writes the table of the config's keys into docs/gateway.md, from the schema that checks the file.

import { readFileSync, writeFileSync } from 'node:fs'
import { withTable } from './config-table.mjs'
import { build, root } from './setup.mjs'

build()
const { configJsonSchema } = await import(`${root}/dist/gateway/config/schema.js`)
const path = `${root}/docs/gateway.md`
writeFileSync(path, withTable(readFileSync(path, 'utf8'), configJsonSchema()))
