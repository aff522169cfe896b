// `npm run generate:discovery`: writes what Home Assistant is told of the greenhouse, which a test compares.

import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { build, root } from './setup.mjs'

build()
const { deviceDiscovery } = await import(`${root}/dist/gateway/homeassistant/discovery.js`)
const { createTopics } = await import(`${root}/dist/gateway/topics.js`)
const { greenhouse } = await import(`${root}/dist/testing/greenhouse.js`)

const device = { name: 'greenhouse', contract: greenhouse, firmware: '0.3.0' }
const payload = deviceDiscovery(device, { clientId: 'attic', version: '0.1.0', topics: createTopics('portwire') })
const path = `${root}/test/gateway/homeassistant/greenhouse.json`
writeFileSync(path, `${JSON.stringify(payload, null, 2)}\n`)
execFileSync(process.execPath, [`${root}/node_modules/@biomejs/biome/bin/biome`, 'format', '--write', path])
