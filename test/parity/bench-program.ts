/** The bench as a port program: spawned, it serves its contract over stdin and stdout. */

import type { DeviceHandler } from '../../src/port/index.js'
import { type ServeContext, type ServeHandlers, serve } from '../../src/serve.js'
import { type Bench, bench } from './bench-contract.js'
import { createBenchHandlers } from './bench-handlers.js'

const handlers: Record<string, DeviceHandler> = createBenchHandlers({
  emit: (event, fields) => server.emit(event as keyof Bench['events'], fields) > 0,
  log: (severity, text) => server.log(severity, text),
  ask: (context, key) => (context as ServeContext<Bench>).ask('lookup', { key }),
  print: (text) => void process.stderr.write(`${text}\n`),
  leave: (status) => void setImmediate(() => process.exit(status)),
  after: (ms, run) => void setTimeout(run, ms),
})
const server = await serve(bench, handlers as unknown as ServeHandlers<Bench>)
