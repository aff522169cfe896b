import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { PassThrough } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { readPipe } from '../../src/link/pipe-reader.js'

async function started(script: string): Promise<ChildProcess & { stdout: NonNullable<ChildProcess['stdout']> }> {
  const child = spawn('/bin/sh', ['-c', script], { stdio: ['pipe', 'pipe', 'inherit'] })
  await once(child, 'spawn')
  return child as never
}

describe("a spawned program's output", () => {
  it('comes whole, in order, and ends', async () => {
    const child = await started('seq 1 100000')
    const chunks: Uint8Array[] = []
    const reader = readPipe(child.stdout, (bytes) => chunks.push(bytes))
    expect(reader).not.toBe(child.stdout) // or nothing of this file is tested
    await Promise.all([once(reader, 'end'), once(child, 'close')])
    const expected = `${Array.from({ length: 100_000 }, (_, i) => i + 1).join('\n')}\n`
    // Kept to the end: what was handed out is not written again.
    expect(Buffer.concat(chunks).toString()).toBe(expected)
  })

  it('is closed with the stream that it was taken from, so that the process counts as closed', async () => {
    const child = await started('read line')
    const reader = readPipe(child.stdout, () => {})
    child.stdout.destroy()
    await once(reader, 'close')
    child.stdin!.end()
    await once(child, 'close')
    expect(reader.destroyed).toBe(true)
  })
})

it('a stream that is no pipe of a process is read as it is', async () => {
  const stream = new PassThrough()
  const chunks: Uint8Array[] = []
  expect(readPipe(stream, (bytes) => chunks.push(bytes))).toBe(stream)
  stream.end('hello')
  await once(stream, 'end')
  expect(Buffer.concat(chunks).toString()).toBe('hello')
})
