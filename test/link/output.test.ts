import { Writable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { createOutput } from '../../src/link/output.js'

/** A stream that notes each of its writes; it takes the next one only when told to, if it is slow. */
function recorder(options: { readonly slow?: boolean } = {}) {
  const writes: Buffer[] = []
  let release: (() => void) | undefined
  const stream = new Writable({
    write(chunk: Buffer, _, done) {
      writes.push(chunk)
      if (options.slow) release = done
      else done()
    },
    writev(chunks, done) {
      writes.push(Buffer.concat(chunks.map(({ chunk }) => chunk as Buffer)))
      if (options.slow) release = done
      else done()
    },
  })
  return { stream, writes, release: () => release?.() }
}

const turn = () => new Promise((resolve) => setImmediate(resolve))
const filled = (bytes: number, value: number) => new Uint8Array(bytes).fill(value)

describe('what is written in one turn', () => {
  it('leaves in one write', async () => {
    const { stream, writes } = recorder()
    const output = createOutput(stream)
    for (let i = 0; i < 16; i++) output.write(Uint8Array.of(i))
    expect(output.info().bytesQueued).toBe(16)
    await turn()
    expect(writes.map((bytes) => [...bytes])).toEqual([Array.from({ length: 16 }, (_, i) => i)])
    expect(output.info()).toEqual({ bytesWritten: 16, bytesQueued: 0, bytesRefused: 0 })
  })

  it('keeps its order between small and large pieces', async () => {
    const { stream, writes } = recorder()
    const output = createOutput(stream)
    const pieces = [filled(2, 1), filled(5_000, 2), filled(3, 3), filled(20_000, 4), filled(1, 5), filled(900, 6)]
    for (const piece of pieces) output.write(piece)
    await turn()
    expect(Buffer.concat(writes).equals(Buffer.concat(pieces))).toBe(true)
    expect(writes.length).toBeLessThanOrEqual(2)
  })

  it('goes out before the end that follows it in the same turn', async () => {
    const { stream, writes } = recorder()
    const output = createOutput(stream)
    output.write(Uint8Array.of(1))
    output.end()
    await turn()
    expect(Buffer.concat(writes)).toEqual(Buffer.of(1))
    expect(stream.writableFinished).toBe(true)
  })

  it('goes out at once by flush, for a process that ends before the next turn', () => {
    const { stream, writes } = recorder()
    const output = createOutput(stream)
    output.write(Uint8Array.of(1))
    output.write(filled(2_000, 2))
    output.flush()
    expect(Buffer.concat(writes).length).toBe(2_001)
  })
})

it('counts as full what is gathered and what the stream holds, and tells when there is room', async () => {
  const { stream, release } = recorder({ slow: true })
  const output = createOutput(stream)
  let writes = 0
  while (output.write(filled(1_000, 0))) writes += 1
  expect(writes).toBe(65)
  let hasRoom = false
  const drained = output.drained().then(() => {
    hasRoom = true
  })
  await turn()
  expect(hasRoom).toBe(false)
  for (; !hasRoom; await turn()) release()
  await drained
  expect(output.info().bytesQueued).toBe(0)
})

it('a reader that is gone is told once, and what is written after it is counted as refused', async () => {
  const lost: string[] = []
  const { stream } = recorder()
  const output = createOutput(stream, (detail) => lost.push(detail))
  output.write(Uint8Array.of(1))
  stream.destroy(Object.assign(new Error('gone'), { code: 'EPIPE' }))
  await turn()
  output.write(Uint8Array.of(2, 3))
  await turn()
  expect(lost).toEqual(['EPIPE'])
  expect(output.info().bytesRefused).toBe(2)
})
