// Builds the firmware with Debian's compilers. Flags come from platformio.ini, so that PlatformIO and this script agree.
//
//   node scripts/firmware.mjs uno      the image for the Arduino Uno, build/firmware/uno/greenhouse.{elf,hex}
//   node scripts/firmware.mjs native   the program, build/firmware/native/greenhouse
//   node scripts/firmware.mjs cortex_m3  the image for the bare Cortex-M3, build/firmware/cortex_m3/greenhouse.{elf,bin}
//   node scripts/firmware.mjs examples   the library's examples as programs of this machine, build/firmware/examples
//   node scripts/firmware.mjs tests    builds and runs the library's own tests
//   node scripts/firmware.mjs size     flash and RAM on the Uno, by what is used (--json: as JSON)
//   node scripts/firmware.mjs image    copies the Uno's image to firmware/images, which the package ships
//   node scripts/firmware.mjs all      uno, native, cortex_m3, examples and size; not image, so that a test can see when the shipped one is out of date
//
// --build DIR builds there and not in build/firmware.
// An image is built again only when a source, a header, platformio.ini or this script is newer. No path and no date gets into it.
// Of its flags none stands here: they are platformio.ini's.

import { spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { compileAll, filesIn, isStale, needTools, run, sourcesIn } from './firmware-compile.mjs'
import { cortexM3 } from './firmware-cortex-m3.mjs'
import { buildExamples, EXAMPLES } from './firmware-examples.mjs'
import { flagsOf } from './firmware-flags.mjs'

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)))
process.chdir(root)

const buildOption = process.argv.indexOf('--build')
const BUILD = buildOption < 0 ? 'build/firmware' : process.argv[buildOption + 1]
const LIBRARY = 'firmware/lib/portwire/src'
const APPLICATION = 'firmware/src'
const TESTS = 'firmware/test/test_native'
const SIZES = 'firmware/size'
const VECTORS = 'test/vectors'
const IMAGE = 'firmware/images/greenhouse-uno.hex'

const ARDUINO = '/usr/share/arduino/hardware/arduino/avr'
const AVR_PACKAGES = 'gcc-avr avr-libc binutils-avr arduino-core-avr'
const NATIVE_PACKAGES = 'g++ doctest-dev'

/** The figures that docs and tests quote. The budgets of the core are for the row `uart`, less the empty sketch. */
const SIZE_ROWS = [
  { name: 'empty', what: 'empty sketch', sources: [`${SIZES}/empty.cpp`] },
  { name: 'serial', what: 'echo over Serial', sources: [`${SIZES}/serial.cpp`] },
  { name: 'one_handler_uart', what: 'core, one handler, own UART', sources: [`${SIZES}/one_handler_uart.cpp`] },
  { name: 'one_handler', what: 'core, one handler, Serial', sources: [`${SIZES}/one_handler.cpp`] },
  { name: 'two_handlers', what: 'core, two handlers, Serial', sources: [`${SIZES}/two_handlers.cpp`] },
  { name: 'three_handlers', what: 'core, three handlers, Serial', sources: [`${SIZES}/three_handlers.cpp`] },
  { name: 'jobs', what: 'one handler, Jobs', sources: [`${SIZES}/jobs.cpp`] },
  { name: 'requests', what: 'one handler, Requests', sources: [`${SIZES}/requests.cpp`] },
  { name: 'jobs_and_requests', what: 'one handler, Jobs, Requests', sources: [`${SIZES}/jobs_and_requests.cpp`] },
  { name: 'stats', what: 'one handler, Stats', sources: [`${SIZES}/stats.cpp`] },
  { name: 'describe', what: 'one handler, Describe', sources: [`${SIZES}/describe.cpp`] },
  ...EXAMPLES.map(({ name, title, sketch }) => ({ name, what: `example ${title}`, sources: [sketch] })),
]

const command = process.argv[2]
const commands = {
  uno,
  native,
  cortex_m3: () => cortexM3({ build: BUILD, library: LIBRARY, application: APPLICATION }),
  examples: () => buildExamples({ build: BUILD, library: LIBRARY }),
  tests,
  size,
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

async function size() {
  const rows = []
  for (const row of SIZE_ROWS) {
    await buildUno(row.name, row.sources)
    rows.push({ name: row.name, what: row.what, ...sizeOf(row.name) })
  }
  // No sizes: the first measures the receive path when it runs, the others show how a board boots.
  for (const name of ['receive_path', 'reset_flags', 'log_before_begin']) await buildUno(name, [`${SIZES}/${name}.cpp`])
  await buildUno('greenhouse', sourcesIn(APPLICATION))
  rows.push({ name: 'greenhouse', what: 'greenhouse', ...sizeOf('greenhouse') })
  if (process.argv.includes('--json')) {
    console.log(JSON.stringify(rows))
    return
  }
  const [empty] = rows
  const line = (...cells) => console.log(cells[0].padEnd(30), ...cells.slice(1).map((cell) => String(cell).padStart(9)))
  line('ATmega328P, -Os', 'flash B', 'RAM B', '+flash', '+RAM')
  for (const { what, flashBytes, ramBytes } of rows) {
    line(what, flashBytes, ramBytes, flashBytes - empty.flashBytes, ramBytes - empty.ramBytes)
  }
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

/** The shared vectors as a header for the device's tests. A file that is not there gives empty tables. */
function writeVectors(header) {
  const text = (value) => JSON.stringify(value ?? '')
  const table = (name, type, rows) => [
    `static const ${type} ${name}[] = {`,
    ...rows.map((row) => `    {${row.join(', ')}},`),
    `    {}};`,
  ]
  const frames = readVectors('frames.json') ?? { send: [], receive: [] }
  const packets = readVectors('packets.json') ?? { send: [], receive: [] }
  const values = readVectors('values.json') ?? { good: [], alsoAccepted: [], bad: [] }
  const msgpax = readVectors('msgpax.json') ?? { values: [], refused: [] }
  const bad = ({ name, hex, reason }) => [name, hex, reason].map(text)
  const device = readVectors('device.json') ?? { descriptor: '', rows: [] }
  // `=content`, `!reason`, and `?` for console text, which on the device is a drop of any reason.
  const eventsText = (events) =>
    events
      .map((event) => {
        if (event.content !== undefined) return `=${event.content}`
        if (event.oversize !== undefined) return '!oversize'
        return event.drop === undefined ? '?' : `!${event.drop}`
      })
      .join(' ')
  const send = ({ name, content, wire }) => [text(name), text(content), text(wire)]
  const receive = ({ name, wire, maxContentBytes, events }) => [
    text(name),
    text(wire),
    maxContentBytes,
    text(eventsText(events)),
  ]
  const value = (row, shortest) => {
    const [kind, number, hex] = valueParts(row.value)
    return [text(row.name), text(row.hex), text(kind), text(number), text(hex), shortest]
  }
  const ofPrefix2 = (row) => row.prefixBytes === 2
  const lines = [
    '// Written by scripts/firmware.mjs from test/vectors.',
    'struct SendVector { const char* name; const char* content; const char* wire; };',
    'struct ReceiveVector { const char* name; const char* wire; unsigned maxContentBytes; const char* events; };',
    '// `number` is decimal, or a float as C++ reads it; `bytes` is the hex of a text or of bytes, or the items of an array.',
    'struct ValueVector { const char* name; const char* hex; const char* kind; const char* number; const char* bytes; bool shortest; };',
    'struct BadVector { const char* name; const char* hex; const char* reason; };',
    '// `script` is a line a step.',
    'struct DeviceVector { const char* name; bool session; const char* script; };',
    `static constexpr char kDeviceDescriptor[] = ${text(device.descriptor)};`,
    ...table('kFramesSent', 'SendVector', frames.send.map(send)),
    ...table('kFramesReceived', 'ReceiveVector', frames.receive.map(receive)),
    ...table('kPacketsSent', 'SendVector', packets.send.filter(ofPrefix2).map(send)),
    ...table('kPacketsReceived', 'ReceiveVector', packets.receive.filter(ofPrefix2).map(receive)),
    ...table('kValues', 'ValueVector', [
      ...values.good.map((row) => value(row, true)),
      ...values.alsoAccepted.map((row) => value(row, false)),
    ]),
    ...table('kBadValues', 'BadVector', values.bad.map(bad)),
    // What the shortest form is, is for kValues to say.
    ...table(
      'kMsgpaxValues',
      'ValueVector',
      msgpax.values.map((row) => value(row, false)),
    ),
    ...table('kMsgpaxRefused', 'BadVector', msgpax.refused.map(bad)),
    ...table(
      'kDeviceScripts',
      'DeviceVector',
      device.rows.map((row) => [text(row.name), row.session ?? false, text(row.script.join('\n'))]),
    ),
    '',
  ]
  const content = lines.join('\n')
  if (existsSync(header) && readFileSync(header, 'utf8') === content) return
  mkdirSync(path.dirname(header), { recursive: true })
  writeFileSync(header, content)
}

/** Kind, number and bytes of a value of values.json. */
function valueParts(value) {
  if (value === null) return ['nil', '', '']
  if (typeof value === 'boolean') return ['bool', value ? '1' : '0', '']
  if (typeof value === 'number') return ['int', BigInt(value).toString(), '']
  if (typeof value === 'string') return ['text', '', Buffer.from(value).toString('hex')]
  if (Array.isArray(value)) return ['array', String(value.length), '']
  if (value.$u64 ?? value.$i64) return ['int', value.$u64 ?? value.$i64, '']
  const float = value.$f32 ?? value.$f64
  // String() would lose the sign of minus zero.
  const floatText = Object.is(float, -0) ? '-0' : String(float)
  if ('$f32' in value) return ['f32', floatText, '']
  if ('$f64' in value) return ['f64', floatText, '']
  if ('$bytes' in value) return ['bytes', '', value.$bytes]
  return ['map', '', '']
}

function readVectors(name) {
  const file = path.join(VECTORS, name)
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined
}
