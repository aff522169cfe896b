/** A TCP proxy whose links can be cut. */

import { connect, createServer, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'

export interface Proxy {
  readonly url: string
  /** Breaks every connection that is there, without a word to either side's MQTT. */
  cut(): void
}

export async function startProxy(targetPort: number): Promise<Proxy> {
  const links = new Set<Socket>()
  const server = createServer((near) => {
    const far = connect(targetPort, '127.0.0.1')
    for (const socket of [near, far]) {
      links.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => {
        links.delete(socket)
        near.destroy()
        far.destroy()
      })
    }
    near.pipe(far)
    far.pipe(near)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const cut = () => {
    for (const socket of links) socket.resetAndDestroy()
  }
  onTestFinished(() => {
    cut()
    server.close()
  })
  return { url: `mqtt://127.0.0.1:${(server.address() as { port: number }).port}`, cut }
}
