// This library through its public API: `action` to echo.c, `portwire` to the device library's echo.

import { open } from '../../../dist/index.js'
import { anyEcho, typedEcho } from './contract.mjs'
import { hostArguments, measure } from './workload.mjs'

const { program, calls, inFlight, rest } = hostArguments()
const [protocol] = rest
const port = await open(protocol === 'action' ? anyEcho : typedEcho, { spawn: program, protocol })
await measure((payload) => port.call('echo', payload), calls, inFlight)
await port.close()
