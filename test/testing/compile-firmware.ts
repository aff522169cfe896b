/** Compiles a test firmware with avr-gcc and gives its Intel HEX text; each is compiled once a run and build folder. */

import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readFile, rename } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)
const sources = fileURLToPath(new URL('./firmware/', import.meta.url))
const buildFolder = fileURLToPath(new URL('../../build/test-firmware/', import.meta.url))

const FLAGS = ['-mmcu=atmega328p', '-DF_CPU=16000000UL', '-Os', '-std=gnu11', '-Wall', '-Wextra', '-Werror']

/**
 * The image of `test/testing/firmware/<name>.c`.
 * @param defines  macros, as `{ BAUD: '1000000UL' }`
 */
export async function compileFirmware(name: string, defines: Readonly<Record<string, string>> = {}): Promise<string> {
  const source = `${sources}${name}.c`
  const flags = [...FLAGS, ...Object.entries(defines).map(([key, value]) => `-D${key}=${value}`)]
  const contents = [await readFile(source), await readFile(`${sources}uart.h`), flags.join(' ')]
  const hash = contents
    .reduce((sum, part) => sum.update(part), createHash('sha256'))
    .digest('hex')
    .slice(0, 12)
  const hex = `${buildFolder}${name}-${hash}.hex`
  if (!existsSync(hex)) {
    await mkdir(buildFolder, { recursive: true })
    // Names of its own, then a rename: test files run side by side.
    const unique = `${buildFolder}${name}-${hash}-${process.pid}`
    await tool('avr-gcc', [...flags, source, '-o', `${unique}.elf`])
    await tool('avr-objcopy', ['-O', 'ihex', '-R', '.eeprom', `${unique}.elf`, `${unique}.hex`])
    await rename(`${unique}.hex`, hex)
  }
  return readFile(hex, 'utf8')
}

async function tool(program: string, args: string[]): Promise<void> {
  try {
    await run(program, args)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    const install = 'apt-get install gcc-avr avr-libc binutils-avr'
    throw new Error(`${program} is not installed; the Debian packages are: ${install}`, { cause: error })
  }
}
