/** Reads a program's output into one buffer and copies what came. A stream takes 64 KiB for every chunk, of which short
 * messages use little. */

import { Socket } from 'node:net'
import type { Readable } from 'node:stream'

const BUFFER_BYTES = 65_536

/** Hands on what `pipe` brings, as arrays of their own.
 * @returns the stream that ends and fails in place of `pipe`: `pipe` itself where it cannot be read in this way */
export function readPipe(pipe: Readable, data: (bytes: Uint8Array) => void): Readable {
  const handle = handleOf(pipe)
  if (handle === undefined) return pipe.on('data', data)
  const buffer = new Uint8Array(BUFFER_BYTES)
  handle.readStop()
  handle.reading = false // what the new reader goes by
  // Node's documented `onread`; that it may be given an open pipe, as a handle, is not documented.
  const reader = new Socket({
    handle,
    writable: false,
    onread: {
      buffer,
      callback(count: number) {
        data(buffer.slice(0, count))
        return true
      },
    },
  } as ConstructorParameters<typeof Socket>[0])
  // The handle has one owner. The process counts as closed when each of its streams is.
  ;(pipe as unknown as { _handle: unknown })._handle = null
  reader.once('close', () => pipe.destroy())
  pipe.once('close', () => reader.destroy())
  return reader
}

interface PipeHandle {
  reading: boolean
  readStop(): void
}

/** Undefined where this Node keeps its handles elsewhere, or bytes were read already. */
function handleOf(pipe: Readable): PipeHandle | undefined {
  const handle = (pipe as unknown as { _handle?: Partial<PipeHandle> | null })._handle
  const isKnown = pipe instanceof Socket && typeof handle?.readStop === 'function' && handle.reading === true
  return isKnown && pipe.readableLength === 0 ? (handle as PipeHandle) : undefined
}
