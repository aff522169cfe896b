// `npm start`: sets up a fresh checkout and runs the gateway; with no further arguments, the demonstration.

import { build, checkNode, installPackages, root } from './setup.mjs'

checkNode()
installPackages()
build()
const main = `${root}/dist/cli/main.js`
process.argv = [process.execPath, main, 'gateway', ...process.argv.slice(2)]
await import(main)
