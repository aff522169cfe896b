// `npm run build`: compiles src/ to dist/.

import { build, checkNode, installPackages } from './setup.mjs'

checkNode()
installPackages()
build({ force: true })
