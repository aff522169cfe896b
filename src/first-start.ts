/** What opening a port means: it is there when its first session runs; a first start that fails ends it and is told. */

import { PortwireError } from './errors.js'
import { describeExit, type Exit } from './exit.js'

/** What every kind of port has for it. */
interface Startable {
  readonly name: string
  watch(listener: (notice: { readonly kind: string; readonly exit?: Exit }) => void): () => void
  ready(): Promise<void>
  close(): Promise<Exit>
}

/** Resolves with the port when it runs. Else the port is closed, and the promise rejects with the reason. */
export async function firstStart<P extends Startable>(port: P): Promise<P> {
  const failed = new Promise<never>((_, reject) => {
    const stop = port.watch(({ kind, exit }) => {
      if (kind !== 'state' || exit === undefined) return
      reject(
        exit.kind === 'failed' ? exit.error : new PortwireError('PORT_EXITED', `${port.name} ${describeExit(exit)}`),
      )
    })
    port.ready().then(stop, stop)
  })
  try {
    await Promise.race([port.ready(), failed])
  } catch (error) {
    await port.close()
    throw error
  }
  return port
}
