// Builds the firmware with Debian's compilers. Flags come from platformio.ini, so that PlatformIO and this script agree.
//
//   node scripts/firmware.mjs uno      the image for the Arduino Uno, build/firmware/uno/greenhouse.{elf,hex}
//   node scripts/firmware.mjs native   the program, build/firmware/native/greenhouse
//   node scripts/firmware.mjs cortex_m3  the image for the bare Cortex-M3, build/firmware/cortex_m3/greenhouse.{elf,bin}
//   node scripts/firmware.mjs examples   the library's examples as programs of this machine, build/firmware/examples
//   node scripts/firmware.mjs tests    builds and runs the library's own tests
//   node scripts/firmware.mjs size     flash, RAM, stack and time on the Uno, by what is used (--json: as JSON, --write: into docs)
//   node scripts/firmware.mjs images   the images that size measures, without measuring them
//   node scripts/firmware.mjs coverage the lines of the library that its tests run, and those that they do not (--json)
//   node scripts/firmware.mjs warnings every compiler and dialect, all warnings as errors; a line a compiler
//   node scripts/firmware.mjs probe    the codec and the framing to be asked from outside: a program, and an image for the Uno
//   node scripts/firmware.mjs fuzz     libFuzzer over the library: --seconds N a target (10), --seed N, --keep: into the corpora
//   node scripts/firmware.mjs image    copies the Uno's image to firmware/images, which the package ships
//   node scripts/firmware.mjs all      uno, native, cortex_m3, examples and size; not image, so that a test can see when the shipped one is out of date
//
// --build DIR builds there and not in build/firmware.
// An image is built again only when a source, a header, platformio.ini or this script is newer. No path and no date gets into it.
// Of its flags none stands here: they are platformio.ini's.

import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { cortexM3 } from './firmware/cortex-m3.mjs'
import { COVERAGE_TARGET_PERCENT, coverLibrary, printCoverage } from './firmware/coverage.mjs'
import { buildExamples, EXAMPLES } from './firmware/examples.mjs'
import { measureRows, SIZE_PAGE, sizePage } from './firmware/figures.mjs'
import { flagsOf } from './firmware/flags.mjs'
import { fuzzLibrary } from './firmware/fuzz.mjs'
import { compileAll, filesIn, isStale, needTools, run, sourcesIn } from './firmware/tools.mjs'
import { writeVectors } from './firmware/vectors.mjs'
import { warnings } from './firmware/warnings.mjs'

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)))
process.chdir(root)

const option = (name, otherwise) => {
  const at = process.argv.indexOf(name)
  return at < 0 ? otherwise : process.argv[at + 1]
}
const BUILD = option('--build', 'build/firmware')
const LIBRARY = 'firmware/lib/portwire/src'
const APPLICATION = 'firmware/src'
const TESTS = 'firmware/test/test_native'
const SIZES = 'firmware/size'
const PROBE = 'firmware/probe'
const IMAGE = 'firmware/images/greenhouse-uno.hex'

const ARDUINO = '/usr/share/arduino/hardware/arduino/avr'
const AVR_PACKAGES = 'gcc-avr avr-libc binutils-avr arduino-core-avr'
const NATIVE_PACKAGES = 'g++ doctest-dev'

/** The figures that docs and tests quote. `over`: the row whose figures are taken off for the price; `budget`: what the price may
 * be, in bytes; `call`: the arguments of action 0, where the program is a device. */
const LAMP = [true]
const FEATURE = { over: 'one_handler', call: LAMP }
const inSizes = (name) => [`${SIZES}/${name}.cpp`]
const SIZE_ROWS = [
  { name: 'empty', what: 'empty sketch' },
  { name: 'serial', what: 'echo over Serial', over: 'empty' },
  { name: 'codec', what: 'codec alone, without float', over: 'empty', budget: { flash: 2000, ram: 64 } },
  { name: 'codec_float_in', what: 'float read', over: 'codec', budget: { flash: 564, ram: 0 } },
  { name: 'codec_float_out', what: 'float written', over: 'codec', budget: { flash: 50, ram: 0 } },
  { name: 'codec_float', what: 'codec with float, read and written', over: 'empty', budget: { flash: 2000, ram: 64 } },
  { name: 'codec_float64_in', what: 'f64 read, as Binary64', over: 'codec', budget: { flash: 750, ram: 0 } },
  { name: 'codec_float64_out', what: 'f64 written, as Binary64', over: 'codec', budget: { flash: 150, ram: 0 } },
  { name: 'codec_floats', what: 'float and f64, read and written', over: 'codec', budget: { flash: 1400, ram: 0 } },
  {
    name: 'one_handler_uart',
    what: 'core, one handler, own UART',
    over: 'empty',
    budget: { flash: 4096, ram: 256 },
    call: LAMP,
  },
  {
    name: 'one_handler',
    what: 'core, one handler, Serial',
    over: 'serial',
    budget: { flash: 4096, ram: 256 },
    call: LAMP,
  },
  { name: 'two_handlers', what: 'core, two handlers, Serial', over: 'one_handler', call: LAMP },
  {
    name: 'three_handlers',
    what: 'core, three handlers, Serial',
    over: 'two_handlers',
    budget: { flash: 300, ram: 6 },
    call: LAMP,
  },
  { name: 'plain_events', what: 'PlainEvents', ...FEATURE, budget: { flash: 700, ram: 8 } },
  { name: 'acknowledged_events', what: 'AcknowledgedEvents<4>', ...FEATURE, budget: { flash: 1900, ram: 80 } },
  { name: 'requests', what: 'Requests<1, 2>', ...FEATURE, budget: { flash: 1800, ram: 32 } },
  { name: 'jobs', what: 'Jobs<1>', ...FEATURE, budget: { flash: 2700, ram: 56 } },
  { name: 'jobs_and_requests', what: 'Jobs<1>, Requests<1, 2>', ...FEATURE, budget: { flash: 3900, ram: 76 } },
  { name: 'log', what: 'Log', ...FEATURE, budget: { flash: 500, ram: 2 } },
  { name: 'dead_man', what: 'DeadMan', ...FEATURE, budget: { flash: 300, ram: 12 } },
  { name: 'remote_reset', what: 'RemoteReset', ...FEATURE, budget: { flash: 450, ram: 2 } },
  { name: 'end_of_input', what: 'EndOfInput', ...FEATURE, budget: { flash: 150, ram: 2 } },
  { name: 'stats', what: 'Stats', ...FEATURE, budget: { flash: 400, ram: 12 } },
  { name: 'describe', what: 'Describe', ...FEATURE, budget: { flash: 400, ram: 0 } },
  { name: 'baud_rates', what: 'BaudRates', ...FEATURE, budget: { flash: 1000, ram: 16 } },
  {
    name: 'baud_rates_uart',
    what: 'BaudRates, own UART',
    over: 'one_handler_uart',
    budget: { flash: 1000, ram: 16 },
    call: LAMP,
  },
  { name: 'u8', what: 'a further handler, one of a u8', ...FEATURE, budget: { flash: 400, ram: 6 } },
  { name: 'range', what: 'a further handler, one with a range', ...FEATURE, budget: { flash: 400, ram: 6 } },
  { name: 'array', what: 'a further handler, one of an array', ...FEATURE, budget: { flash: 600, ram: 6 } },
  { name: 'text', what: 'a further handler, one of a text', ...FEATURE, budget: { flash: 500, ram: 6 } },
  { name: 'bytes', what: 'a further handler, one of bytes', ...FEATURE, budget: { flash: 480, ram: 6 } },
  { name: 'three_arguments', what: 'a further handler, one of three u8', ...FEATURE, budget: { flash: 450, ram: 6 } },
  {
    name: 'struct_argument',
    what: 'a further handler, one of a struct of three u8',
    over: 'three_arguments',
    call: LAMP,
    budget: { flash: 40, ram: 0 },
  },
  {
    name: 'struct_result',
    what: 'a further handler, one that answers a struct',
    ...FEATURE,
    budget: { flash: 430, ram: 6 },
  },
  { name: 'u64', what: 'a further handler, one of a u64', ...FEATURE, budget: { flash: 600, ram: 6 } },
  { name: 'f64', what: 'a further handler, one of an f64', ...FEATURE, budget: { flash: 1200, ram: 6 } },
  ...EXAMPLES.map(({ name, title, sketch, call }) => ({
    name,
    what: `example ${title}`,
    sources: [sketch],
    over: 'empty',
    call,
  })),
  { name: 'greenhouse', what: 'greenhouse', sources: sourcesIn(APPLICATION), over: 'empty', call: null },
]

const command = process.argv[2]
const commands = {
  uno,
  native,
  cortex_m3: () => cortexM3({ build: BUILD, library: LIBRARY, application: APPLICATION }),
  examples: () => buildExamples({ build: BUILD, library: LIBRARY }),
  tests,
  size,
  images,
  coverage,
  warnings: () => warnings(`${BUILD}/warnings`),
  probe,
  fuzz,
  image,
  all,
}
if (!Object.hasOwn(commands, command ?? '')) {
  console.error(`usage: node scripts/firmware.mjs ${Object.keys(commands).join('|')}`)
  process.exit(2)
}
await takeTurn()
await commands[command]()

/** Two of these in one directory would overwrite each other's objects: the later waits until the earlier has ended. */
async function takeTurn() {
  mkdirSync(BUILD, { recursive: true })
  const lock = `${BUILD}/.lock`
  for (;;) {
    try {
      writeFileSync(lock, String(process.pid), { flag: 'wx' })
      break
    } catch (error) {
      if (error.code !== 'EEXIST') throw error
      if (isStaleLock(lock)) rmSync(lock, { force: true })
      else await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }
  process.on('exit', () => rmSync(lock, { force: true }))
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(1))
}

/** Whether the process that took the lock is gone. */
function isStaleLock(lock) {
  try {
    const pid = Number(readFileSync(lock, 'utf8'))
    // Just made, and not written yet.
    if (pid === 0) return Date.now() - statSync(lock).mtimeMs > 5000
    process.kill(pid, 0)
    return false
  } catch (error) {
    return error.code === 'ESRCH'
  }
}

async function all() {
  await uno()
  await native()
  await commands.cortex_m3()
  await commands.examples()
  await size()
}

async function uno() {
  await buildUno('greenhouse', sourcesIn(APPLICATION))
  const { flashBytes, ramBytes } = sizeOf('greenhouse')
  console.log(`${BUILD}/uno/greenhouse.hex: ${flashBytes} B of flash, ${ramBytes} B of RAM`)
}

async function native() {
  needTools(['g++'], [], NATIVE_PACKAGES)
  const target = `${BUILD}/native/greenhouse`
  const sources = [...sourcesIn(APPLICATION), ...sourcesIn(`${LIBRARY}/portwire`)]
  const inputs = [...filesIn(APPLICATION), ...filesIn(LIBRARY)]
  if (isStale(target, inputs)) {
    const flags = flagsOf('env:native')
    const objects = await compileAll('g++', `${BUILD}/native`, sources, () => [...flags, `-I${LIBRARY}`])
    await run('g++', [...objects, '-o', target])
  }
  console.log(target)
}

async function tests() {
  needTools(['g++'], ['/usr/include/doctest/doctest.h'], NATIVE_PACKAGES)
  const directory = `${BUILD}/tests`
  const target = `${directory}/tests`
  const inputs = [...filesIn(TESTS), ...filesIn(LIBRARY)]
  writeVectors(`${directory}/vectors.h`)
  if (isStale(target, [...inputs, `${directory}/vectors.h`])) {
    const flags = [...flagsOf('env:tests'), `-I${LIBRARY}`]
    const sources = [...sourcesIn(TESTS), ...sourcesIn(`${LIBRARY}/portwire`)]
    const headers = [...inputs.filter((input) => input.endsWith('.h')), `${directory}/vectors.h`]
    const objects = await compileAll('g++', directory, sources, () => flags, headers)
    await run('g++', [...flags, ...objects, '-o', target])
  }
  const { status } = spawnSync(target, { stdio: 'inherit' })
  if (status !== 0) process.exit(1)
}

/** Builds the images of the table; returns its rows with what is in them. */
async function images() {
  const rows = []
  for (const { name, sources = inSizes(name), ...row } of SIZE_ROWS) {
    await buildUno(name, sources)
    rows.push({ name, ...row, image: `${BUILD}/uno/${name}.hex`, elf: `${BUILD}/uno/${name}.elf`, ...sizeOf(name) })
  }
  // No sizes: the first measures the receive path when it runs, the others show how a board boots, and what it does in trouble.
  for (const name of ['receive_path', 'reset_flags', 'log_before_begin', 'blocked_loop', 'uart_losses', 'flooded']) {
    await buildUno(name, inSizes(name))
  }
  return rows
}

async function size() {
  const rows = await images()
  const figures = await measureRows(rows, `${BUILD}/uno/receive_path.hex`)
  if (process.argv.includes('--json')) return console.log(JSON.stringify(figures))
  const page = sizePage(figures)
  if (process.argv.includes('--write')) writeFileSync(SIZE_PAGE, page)
  console.log(page)
}

async function coverage() {
  writeVectors(`${BUILD}/tests/vectors.h`)
  const result = await coverLibrary({ build: BUILD, library: LIBRARY, tests: TESTS, vectors: `${BUILD}/tests` })
  if (process.argv.includes('--json')) console.log(JSON.stringify(result))
  else printCoverage(result, LIBRARY)
  if (result.percent < COVERAGE_TARGET_PERCENT) process.exitCode = 1
}

async function probe() {
  needTools(['g++'], [], NATIVE_PACKAGES)
  await buildUno('probe', [`${PROBE}/probe_uno.cpp`])
  const target = `${BUILD}/native/probe`
  if (isStale(target, [...filesIn(PROBE), ...filesIn(LIBRARY)])) {
    const flags = [...flagsOf('env:native'), `-I${LIBRARY}`]
    const objects = await compileAll('g++', `${BUILD}/native`, [`${PROBE}/probe_native.cpp`], () => flags)
    await run('g++', [...objects, '-o', target])
  }
  console.log(`${target}\n${BUILD}/uno/probe.hex`)
}

async function fuzz() {
  const seconds = Number(option('--seconds', 10))
  const seed = Number(option('--seed', (Date.now() % 2 ** 31) + 1))
  const keep = process.argv.includes('--keep')
  for (const row of await fuzzLibrary({ build: BUILD, library: LIBRARY, seconds, seed, keep }))
    console.log(JSON.stringify(row))
}

async function image() {
  await buildUno('greenhouse', sourcesIn(APPLICATION))
  mkdirSync(path.dirname(IMAGE), { recursive: true })
  copyFileSync(`${BUILD}/uno/greenhouse.hex`, IMAGE)
  console.log(IMAGE)
}

/** An image for the Uno of these sources, the library and the Arduino core. */
async function buildUno(name, sources) {
  needTools(['avr-gcc', 'avr-g++', 'avr-gcc-ar', 'avr-objcopy', 'avr-size'], [`${ARDUINO}/cores/arduino`], AVR_PACKAGES)
  const directory = `${BUILD}/uno`
  const elf = `${directory}/${name}.elf`
  const hex = `${directory}/${name}.hex`
  const inputs = [...sources, ...sources.flatMap((source) => filesIn(path.dirname(source))), ...filesIn(LIBRARY)]
  if (!isStale(hex, inputs)) return
  const ours = flagsOf('env:uno')
  const board = flagsOf('debian_uno')
  const cpp = flagsOf('debian_uno', 'cpp_flags')
  // -std in platformio.ini is C++'s; the core's C and assembler files get none.
  const base = ours.filter((flag) => !flag.startsWith('-std='))
  const core = `${directory}/core.a`
  if (isStale(core, [])) {
    const coreFlags = (source) => [
      ...board,
      ...(source.endsWith('.cpp') ? [...cpp, ...ours] : base),
      ...(source.endsWith('.S') ? ['-x', 'assembler-with-cpp'] : []),
      ...flagsOf('debian_uno', 'core_flags'),
    ]
    const coreSources = sourcesIn(`${ARDUINO}/cores/arduino`)
    const objects = await compileAll('avr-gcc', `${directory}/core`, coreSources, coreFlags)
    rmSync(core, { force: true })
    await run('avr-gcc-ar', ['rcsD', core, ...objects])
  }
  const library = `${directory}/portwire.a`
  const sketch = ['-x', 'c++', '-include', 'Arduino.h']
  const flags = (source) => [
    ...board,
    ...cpp,
    ...ours,
    ...flagsOf('debian_uno', 'our_flags'),
    `-I${LIBRARY}`,
    ...(source.endsWith('.ino') ? sketch : []),
  ]
  if (isStale(library, filesIn(LIBRARY))) {
    const objects = await compileAll('avr-g++', `${directory}/portwire`, sourcesIn(`${LIBRARY}/portwire`), flags)
    rmSync(library, { force: true })
    await run('avr-gcc-ar', ['rcsD', library, ...objects])
  }
  const objects = await compileAll('avr-g++', `${directory}/${name}`, sources, flags)
  await run('avr-gcc', [...objects, library, core, ...flagsOf('debian_uno', 'link_flags'), '-o', elf])
  await run('avr-objcopy', ['-O', 'ihex', '-R', '.eeprom', elf, hex])
}

function sizeOf(name) {
  const { stdout } = spawnSync('avr-size', ['-A', `${BUILD}/uno/${name}.elf`], { encoding: 'utf8' })
  const section = (wanted) => Number(new RegExp(`^\\.${wanted}\\s+(\\d+)`, 'm').exec(stdout)?.[1] ?? 0)
  return {
    flashBytes: section('text') + section('data'),
    ramBytes: section('data') + section('bss') + section('noinit'),
  }
}
