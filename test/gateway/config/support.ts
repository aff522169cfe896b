/** A folder with a config in it, for tests that read files. */

import { chmodSync, copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'
import { PortwireError } from '../../../src/errors.js'

export const EXAMPLES = fileURLToPath(new URL('../../../docs/examples/', import.meta.url))

export interface ConfigFolder {
  readonly path: string
  /** @param mode  default 0600 @returns the path */
  write(name: string, text: string, mode?: number): string
}

/** With the greenhouse's contract in it; removed with the test. */
export function configFolder(): ConfigFolder {
  const path = mkdtempSync(join(tmpdir(), 'portwire-config-'))
  onTestFinished(() => rmSync(path, { recursive: true }))
  copyFileSync(join(EXAMPLES, 'greenhouse.yaml'), join(path, 'greenhouse.yaml'))
  return {
    path,
    write(name, text, mode = 0o600) {
      const file = join(path, name)
      writeFileSync(file, text)
      chmodSync(file, mode)
      return file
    },
  }
}

/** The message of the CONFIG_INVALID that `run` throws, without its code. */
export function refusal(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    if (error instanceof PortwireError && error.code === 'CONFIG_INVALID') {
      return error.message.replace(/^CONFIG_INVALID: /, '')
    }
    throw error
  }
  throw new Error('it was not refused')
}

export const DEVICE = 'devices:\n  a:\n    serial: /dev/ttyACM0\n    contract: greenhouse.yaml\n'
