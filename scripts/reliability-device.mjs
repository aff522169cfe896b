// Compiles the device of the reliability tests, firmware/lib/portwire and test/reliability/device/checker.cpp, to WebAssembly: the
// C++ library then runs in the process and in the virtual time of a test. build/reliability/checker-window-{1,4}.wasm.
// And checker_native.cpp to a program, build/reliability/checker, for a real tty.

import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { createLoader } from './load-ts.mjs'
import { root } from './setup.mjs'

const DIRECTORY = `${root}/build/reliability`
const LIBRARY = `${root}/firmware/lib/portwire/src`
const SOURCES = `${root}/test/reliability/device`
const SOURCE = `${SOURCES}/checker.cpp`
const NATIVE_SOURCE = `${SOURCES}/checker_native.cpp`
const WINDOWS = [1, 4]
const FLAGS = [
  '--target=wasm32-wasi',
  '-std=c++11',
  '-O2',
  '-Wall',
  '-Wextra',
  '-Werror',
  '-fno-exceptions',
  '-fno-rtti',
]
const NATIVE_FLAGS = ['-std=c++11', '-O2', '-Wall', '-Wextra', '-Werror']
const LINK = ['-nostartfiles', '-Wl,--no-entry', '-Wl,--export=__wasm_call_ctors']

/** @param change  may rewrite a header of the library: (text, path from the library's folder) => text; those go to `into` */
export async function buildReliabilityDevice({ change, into = DIRECTORY } = {}) {
  mkdirSync(into, { recursive: true })
  const header = `${into}/checker_contract.h`
  const loader = await createLoader()
  const { contractHeader } = await loader.load('src/contract/index.ts')
  const { checker } = await loader.load('test/reliability/checker.contract.ts')
  await loader.close()
  writeIfNew(header, contractHeader(checker))
  let library = LIBRARY
  if (change) {
    library = `${into}/library`
    for (const file of filesIn(LIBRARY)) {
      const target = path.join(library, path.relative(LIBRARY, file))
      mkdirSync(path.dirname(target), { recursive: true })
      writeIfNew(target, change(readFileSync(file, 'utf8'), path.relative(LIBRARY, file)))
    }
  }
  const inputs = [...filesIn(library), header, ...filesIn(SOURCES), `${root}/scripts/reliability-device.mjs`]
  for (const window of WINDOWS) {
    const target = `${into}/checker-window-${window}.wasm`
    if (!inputs.some((input) => isNewer(input, target))) continue
    const args = [...FLAGS, `-DCHECKER_WINDOW=${window}`, `-I${library}`, `-I${into}`, ...LINK, SOURCE, '-o', target]
    execFileSync('clang-14', ['-x', 'c++', ...args], { stdio: 'inherit' })
  }
  const program = `${into}/checker`
  if (change || !inputs.some((input) => isNewer(input, program))) return
  const parts = filesIn(`${library}/portwire`).filter((file) => file.endsWith('.cpp'))
  execFileSync('g++', [...NATIVE_FLAGS, `-I${library}`, `-I${into}`, NATIVE_SOURCE, ...parts, '-o', program], {
    stdio: 'inherit',
  })
}

function filesIn(directory) {
  const entries = readdirSync(directory, { recursive: true, withFileTypes: true })
  return entries.filter((entry) => entry.isFile()).map((entry) => path.join(entry.parentPath, entry.name))
}

function writeIfNew(file, text) {
  try {
    if (readFileSync(file, 'utf8') === text) return
  } catch {} // it is not there yet
  writeFileSync(file, text)
}

function isNewer(input, target) {
  try {
    return statSync(input).mtimeMs > statSync(target).mtimeMs
  } catch {
    return true
  }
}

if (import.meta.filename === process.argv[1]) await buildReliabilityDevice()
