// What every command of a fresh checkout needs first: the right Node, the packages of the lockfile, a build, Debian's tools.

import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, existsSync, readdirSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = dirname(dirname(fileURLToPath(import.meta.url)))

/** Ends the program with one line that says what is wrong and what to do. */
export function fail(message) {
  console.error(message)
  process.exit(1)
}

/** Runs a command in the checkout and ends the program when it fails. */
export function run(command, args, options = {}) {
  const result = spawnSync(command, args, { cwd: root, stdio: 'inherit', ...options })
  if (result.error) fail(`${command} could not be started: ${result.error.message}`)
  if (result.status !== 0)
    fail(`${command} ${args.join(' ')} failed with ${result.signal ?? `status ${result.status}`}`)
}

export function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number)
  if (major < 20 || (major === 20 && minor < 19)) {
    fail(`portwire needs Node.js 20.19 or newer; this is ${process.versions.node}`)
  }
}

/** Installs the packages of the lockfile unless they are there. Install scripts are not needed: all binaries ship inside. */
export function installPackages() {
  const installed = join(root, 'node_modules/.package-lock.json')
  if (existsSync(installed) && statSync(installed).mtimeMs >= statSync(join(root, 'package-lock.json')).mtimeMs) return
  console.error('installing the packages of package-lock.json ...')
  run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], { stdio: ['ignore', 2, 2] })
}

/** Compiles src/ to dist/ unless that is newer. */
export function build({ force = false } = {}) {
  const main = join(root, 'dist/cli/main.js')
  const sources = ['src', 'tsconfig.json', 'tsconfig.build.json', 'package-lock.json'].map((name) => join(root, name))
  if (!force && existsSync(main) && statSync(main).mtimeMs > Math.max(...sources.map(newest))) return
  console.error('compiling src/ to dist/ ...')
  run(join(root, 'node_modules/.bin/tsc'), ['-p', 'tsconfig.build.json'], { stdio: ['ignore', 2, 2] })
  chmodSync(main, 0o755)
  // tsc leaves a file alone whose content is the same; the time of this one says when the build was made.
  execFileSync('touch', [main])
}

/** Compiles docs/examples to build/examples; they import the package by its name, so dist/ is built first. */
export function buildExamples() {
  build()
  run(join(root, 'node_modules/.bin/tsc'), ['-p', 'tsconfig.examples.json'], { stdio: ['ignore', 2, 2] })
}

function newest(path) {
  const info = statSync(path)
  if (!info.isDirectory()) return info.mtimeMs
  return Math.max(info.mtimeMs, ...readdirSync(path).map((name) => newest(join(path, name))))
}

/** What the tests need of Debian: a file that tells that the package is there, and the package. */
const DEBIAN_PACKAGES = [
  ['/usr/bin/avr-gcc', 'gcc-avr'],
  ['/usr/lib/avr/include/avr/io.h', 'avr-libc'],
  ['/usr/bin/avr-objcopy', 'binutils-avr'],
  ['/usr/share/arduino/hardware/arduino/avr/boards.txt', 'arduino-core-avr'],
  ['/usr/bin/arm-none-eabi-g++', 'gcc-arm-none-eabi'],
  ['/usr/lib/arm-none-eabi/lib/thumb/v7-m/nofp/libc_nano.a', 'libnewlib-arm-none-eabi'],
  ['/usr/bin/qemu-system-arm', 'qemu-system-arm'],
  ['/usr/bin/g++', 'g++'],
  ['/usr/include/doctest/doctest.h', 'doctest-dev'],
  ['/usr/bin/clang-14', 'clang-14'],
  ['/usr/bin/llvm-cov-14', 'llvm-14'],
  ['/usr/lib/llvm-14/lib/clang/14.0.6/lib/linux/libclang_rt.fuzzer-x86_64.a', 'libclang-rt-14-dev'],
  ['/usr/bin/wasm-ld-14', 'lld-14'],
  ['/usr/lib/wasm32-wasi/libc.a', 'wasi-libc'],
  ['/usr/lib/llvm-14/lib/clang/14.0.6/lib/wasi/libclang_rt.builtins-wasm32.a', 'libclang-rt-14-dev-wasm32'],
  ['/usr/bin/arm-none-eabi-g++', 'gcc-arm-none-eabi'],
  ['/usr/share/doc/libstdc++-arm-none-eabi-newlib/copyright', 'libstdc++-arm-none-eabi-newlib'],
  ['/usr/bin/socat', 'socat'],
  ['/usr/sbin/mosquitto', 'mosquitto'],
  ['/usr/bin/mosquitto_sub', 'mosquitto-clients'],
  ['/usr/bin/openssl', 'openssl'],
  ['/usr/bin/erl', 'erlang-base'],
  ['/usr/bin/elixir', 'elixir'],
  ['/usr/bin/ruby', 'ruby'],
  ['/usr/share/doc/ruby-msgpack/copyright', 'ruby-msgpack'],
  ['/usr/bin/strace', 'strace'],
  ['/usr/bin/python3', 'python3'],
]

/** Installs the Debian packages that the tests need and that are missing; says the command where it may not. */
export function installDebianPackages() {
  const missing = DEBIAN_PACKAGES.filter(([file]) => !existsSync(file)).map(([, name]) => name)
  if (missing.length === 0) return
  const command = `apt-get install -y --no-install-recommends ${missing.join(' ')}`
  if (!existsSync('/usr/bin/apt-get')) {
    fail(`the tests need these programs (names of Debian packages): ${missing.join(', ')}`)
  }
  if (process.getuid?.() !== 0) fail(`the tests need Debian packages that are missing; run: sudo ${command}`)
  console.error(`installing Debian packages: ${missing.join(' ')} ...`)
  const environment = { env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }, stdio: ['ignore', 'ignore', 2] }
  run('apt-get', ['update', '-qq'], environment)
  run('apt-get', command.split(' ').slice(1), environment)
}
