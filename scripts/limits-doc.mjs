// `npm run docs:limits`: writes docs/limits.md from the constants that hold the limits.

import { writeFileSync } from 'node:fs'
import { limitRows } from './limits.mjs'
import { build, root } from './setup.mjs'

build()
const head = `# Limits

Every bound, timeout and pause, by the file that holds it. This page is written by \`npm run docs:limits\`; a test keeps it
true. Names end in their unit; those of the configuration of the gateway are in [gateway.md](gateway.md).

| where | name | value |
| --- | --- | --- |
`
writeFileSync(`${root}/docs/limits.md`, head + (await limitRows(`${root}/dist`)).join(''))
