import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { deferred } from '../../src/deferred.js'
import type { Exit } from '../../src/exit.js'
import { type SerialOptions, serialConnector } from '../../src/link/index.js'
import { serialOpenError } from '../../src/link/serial-errors.js'

const children: ChildProcess[] = []
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
})

/** A real tty whose far end is a program: what goes in comes back. */
async function echoTty(): Promise<{ path: string; pull(): void }> {
  if (!existsSync('/usr/bin/socat')) throw new Error('socat is missing: install the Debian package socat')
  const path = join(mkdtempSync(join(tmpdir(), 'portwire-')), 'tty')
  const child = spawn('socat', ['-t0', `pty,raw,echo=0,link=${path}`, 'EXEC:cat'], { stdio: 'ignore' })
  children.push(child)
  await expect.poll(() => existsSync(path)).toBe(true)
  return { path, pull: () => void child.kill('SIGKILL') }
}

async function connect(options: SerialOptions) {
  const exit = deferred<Exit>()
  let text = ''
  const link = await serialConnector(options).connect({
    data: (bytes) => {
      text += Buffer.from(bytes).toString()
    },
    ended: exit.resolve,
  })
  return { link, exit: exit.promise, text: () => text }
}

describe('a real tty', () => {
  it('carries bytes both ways and is free again after close', async () => {
    const { path } = await echoTty()
    for (let i = 0; i < 3; i++) {
      const { link, text, exit } = await connect({ path })
      link.write(new TextEncoder().encode('hello'))
      await expect.poll(text).toBe('hello')
      await link.close()
      expect(await exit).toEqual({ kind: 'closed' })
    }
  })

  it('that goes away ends the link as unplugged', async () => {
    const { path, pull } = await echoTty()
    const { link, exit } = await connect({ path })
    pull()
    expect(await exit).toMatchObject({ kind: 'unplugged' })
    expect(link.write(new Uint8Array(3))).toBe(true)
    await link.close()
  })

  it('in use is refused, naming who holds it', async () => {
    const { path } = await echoTty()
    const { link } = await connect({ path })
    await expect(connect({ path })).rejects.toMatchObject({
      code: 'PORT_BUSY',
      message: expect.stringContaining(`is in use by process ${process.pid} (`),
    })
    await link.close()
  })

  it('tells when it is there again', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'portwire-'))
    const path = join(folder, 'tty')
    const arrived = deferred<void>()
    const stop = serialConnector({ path }).onArrival!(() => arrived.resolve())
    const child = spawn('socat', ['-t0', `pty,raw,echo=0,link=${path}`, 'EXEC:cat'], { stdio: 'ignore' })
    children.push(child)
    await arrived.promise
    stop()
    await (await connect({ path })).link.close()
  })
})

describe('a serial port that cannot be opened is a typed error', () => {
  it('when it does not exist', async () => {
    await expect(connect({ path: '/dev/ttyNONE9' })).rejects.toMatchObject({ code: 'PORT_NOT_FOUND' })
  })

  it('when it is not a tty', async () => {
    await expect(connect({ path: '/dev/null' })).rejects.toMatchObject({
      code: 'PORT_FAILED',
      message: 'PORT_FAILED: /dev/null is not a serial port',
    })
  })

  it('when permission is missing, naming the group and the command', async () => {
    const error = await serialOpenError('/dev/null', new Error('Error: Permission denied, cannot open /dev/null'), true)
    expect(error).toMatchObject({
      code: 'PERMISSION_DENIED',
      message: 'PERMISSION_DENIED: no permission to open /dev/null (it belongs to the group root)',
      hint: expect.stringMatching(/^Run: sudo usermod -aG root \S+, then log in again\.$/),
    })
  })
})
