// A port program that emits as many events as it is told to: `node meter.mjs DEFINITION`, the contract as JSON.
import { defineContract, serve } from '../../../dist/index.js'

const server = await serve(defineContract(JSON.parse(process.argv[2])), {
  burst({ from, count, bytes }) {
    const text = 'x'.repeat(bytes)
    let taken = 0
    for (let n = from; n < from + count; n++) taken += server.emit('reading', { n, text })
    return taken
  },
  alarm: ({ high }) => server.emit('alarm', { high }),
  echo: ({ n }) => n,
})
