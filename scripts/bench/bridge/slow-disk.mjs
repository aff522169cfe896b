// Reliable events of one device on a disk that takes 20 ms to sync: one after the other, and ahead as the gateway takes them.

import { join } from 'node:path'
import { createLevelFolder } from '../../../dist/gateway/outbox/level-folder.js'
import { startSpawned } from './gateway.mjs'

const SYNC_MS = 20
const ROWS = [
  { name: 'one after the other', consumeOptions: { ahead: 1 }, events: 100 },
  { name: 'ahead, as the gateway does', consumeOptions: undefined, events: 5_000 },
]

export async function* slowDiskRows(broker) {
  for (const { name, consumeOptions, events } of ROWS) {
    const clientId = consumeOptions ? 'serial' : 'ahead'
    const { gateway, port } = await startSpawned({
      url: broker.url,
      clientId,
      outbox: join(broker.folder, `outbox-${clientId}`),
      consumeOptions,
      openOutboxFolder: slowFolder,
    })
    const startMs = performance.now()
    await port.call('alarms', { count: events })
    await stored(events)
    const seconds = (performance.now() - startMs) / 1_000
    const window = port.info().device.window
    await gateway.close()
    yield {
      figure: `reliable events of one spawned device, a sync of ${SYNC_MS} ms, ${name}`,
      window,
      events,
      events_per_second: Math.round(events / seconds),
    }
  }
}

/** Resolves when so many events are on the disk. */
async function stored(events) {
  while (taken < events) await new Promise((resolve) => setTimeout(resolve, 1))
}

let taken = 0

function slowFolder(path) {
  taken = 0
  const folder = createLevelFolder(path)
  return {
    ...folder,
    async open() {
      const store = await folder.open()
      return {
        ...store,
        async write(operations, sync) {
          if (sync) await new Promise((resolve) => setTimeout(resolve, SYNC_MS))
          await store.write(operations, sync)
          if (sync) taken += operations.filter(({ kind, value }) => kind === 'put' && value.length > 0).length
        },
      }
    },
  }
}
