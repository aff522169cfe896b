// The process of the emulated Cortex-M3, over a program that stands for QEMU.
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { startQemu } from '../../src/testing/qemu-process.js'

let folder: string
const searchPath = process.env['PATH']

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'portwire-fake-qemu-'))
  copyFileSync(join(import.meta.dirname, 'firmware/fake-qemu.mjs'), join(folder, 'qemu-system-arm'))
  process.env['PATH'] = `${folder}${delimiter}${searchPath}`
})

afterEach(() => {
  process.env['PATH'] = searchPath
  rmSync(folder, { recursive: true })
})

describe('the process of an emulated Cortex-M3', () => {
  it('is woken again and again by its monitor, for QEMU can lose the wake-up of a boot and then sleeps for ever', async () => {
    const qemu = await startQemu({
      image: 'none',
      eeprom: 'none',
      socketPath: join(folder, 'uart'),
      readyTimeoutMs: 10_000,
    })
    let said = ''
    await new Promise<void>((resolve) => {
      qemu.uart.setEncoding('utf8').on('data', (text: string) => {
        said += text
        if (said.split('\n').length > 3) resolve()
      })
    })
    expect(said).toMatch(/^(awake\n){3,}$/)
    await qemu.kill()
  })
})
