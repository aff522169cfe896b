// The spawned program of the measurement.

import { serve } from '../../../dist/index.js'
import { contract, handlers } from './contract.mjs'

const server = await serve(
  contract,
  handlers(async (count) => {
    // An event that found the pipe full was not sent; it is tried again.
    for (let sent = 0; sent < count; ) {
      for (let i = 0; i < 500 && sent < count; i++) sent += server.emit('reading', { celsius: i })
      await new Promise(setImmediate)
    }
  }),
)
