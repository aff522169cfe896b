/**
 * Appends the measurements of a sensor node to a file, as lines of JSON, until it is stopped: `node sensor-node.js /dev/ttyACM0 FILE`.
 * A measurement is acknowledged when it is on the disk; its id tells a line that was written twice after a power cut.
 */

import { open as openFile } from 'node:fs/promises'
import { createPort } from 'portwire'
import { sensorNode } from './sensor-node.contract.js'

const [path = '/dev/ttyACM0', file = 'measurements.jsonl'] = process.argv.slice(2)
const store = await openFile(file, 'a')
const port = createPort(sensorNode, { serial: path })
port.watch((notice) => {
  if (notice.kind === 'log') console.log(`${notice.severity}: ${notice.text}`)
})
port.consume('measured', async ({ atMs, raw }, { id }) => {
  await store.write(`${JSON.stringify({ id, atMs, raw })}\n`)
  await store.datasync()
})
console.log(`the pump is ${(await port.call('setPump', { on: true })) ? 'on' : 'off'}`)

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, async () => {
    const { messagesTaken, eventsDropped } = await port.deviceStats()
    console.log(`the board has taken ${messagesTaken} messages and dropped ${eventsDropped} events`)
    await port.close()
    await store.close()
  })
}
