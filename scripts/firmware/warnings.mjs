// Shows the device library to every compiler and dialect that it is written for, with all warnings as errors. Nothing is linked and
// nothing runs: it is about the headers, whose code only exists where it is used.

import { execFile } from 'node:child_process'
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'

const LIBRARY = 'firmware/lib/portwire/src'
const APPLICATION = 'firmware/src'
const SOURCES = 'firmware/test/warnings'
const ARDUINO = '/usr/share/arduino/hardware/arduino/avr'
const JOBS = 2

const STRICT = ['-Wall', '-Wextra', '-Wconversion', '-Wsign-conversion', '-Wshadow', '-Wold-style-cast', '-Werror']
const BARE = ['-Os', '-fno-exceptions', '-fno-rtti', '-fno-threadsafe-statics']
// GCC 5 has no C++20.
const AVR_DIALECTS = ['c++11', 'gnu++11', 'c++17']
const DIALECTS = [...AVR_DIALECTS, 'c++20']

const arduino = (mcu, variant, ...more) => [
  `-mmcu=${mcu}`,
  ...BARE,
  '-DF_CPU=16000000UL',
  '-DARDUINO=10808',
  '-DARDUINO_ARCH_AVR',
  ...more,
  `-I${SOURCES}/core`,
  `-I${ARDUINO}/cores/arduino`,
  `-I${ARDUINO}/variants/${variant}`,
  `-I${ARDUINO}/libraries/SoftwareSerial/src`,
]
const everything = `${SOURCES}/everything.cpp`
const lines = `${SOURCES}/lines.cpp`

/** What needs a core or an operating system; all other headers are for any board. */
const ARDUINO_HEADERS = ['board_arduino.h', 'line_arduino.h', 'line_avr_uart.h']
const NATIVE_HEADERS = ['board_native.h', 'line_native.h']

const native = (compiler, packages) => ({
  name: `${compiler}, native`,
  compiler,
  packages,
  dialects: DIALECTS,
  flags: ['-O2'],
  headers: (header) => !ARDUINO_HEADERS.includes(header),
  sources: [everything, ...sourcesIn(`${LIBRARY}/portwire`), ...sourcesIn(APPLICATION)],
})
const avr = (name, flags, headers, sources) => ({
  name: `avr-g++, ${name}`,
  compiler: 'avr-g++',
  packages: 'gcc-avr avr-libc arduino-core-avr',
  dialects: AVR_DIALECTS,
  flags,
  headers,
  sources,
})
const isForAnyBoard = (header) => ![...ARDUINO_HEADERS, ...NATIVE_HEADERS].includes(header)

const TARGETS = [
  avr('ATmega328P without a core', ['-mmcu=atmega328p', ...BARE], isForAnyBoard, [everything]),
  avr('Uno', arduino('atmega328p', 'standard', '-DARDUINO_AVR_UNO'), (header) => !NATIVE_HEADERS.includes(header), [
    lines,
    `${LIBRARY}/portwire/board_avr.cpp`,
  ]),
  avr(
    'Leonardo, Serial over USB',
    arduino('atmega32u4', 'leonardo', '-DUSB_VID=0x2341', '-DUSB_PID=0x8036'),
    () => false,
    [lines],
  ),
  avr(
    'Mega without link-time optimisation, the reference firmware',
    arduino('atmega2560', 'mega', '-DARDUINO_AVR_MEGA2560', `-I${ARDUINO}/libraries/EEPROM/src`),
    () => false,
    [`${APPLICATION}/greenhouse.cpp`],
  ),
  native('g++', 'g++'),
  native('clang++-14', 'clang-14'),
  {
    name: 'arm-none-eabi-g++, Cortex-M3',
    compiler: 'arm-none-eabi-g++',
    packages: 'gcc-arm-none-eabi libstdc++-arm-none-eabi-newlib',
    dialects: DIALECTS,
    flags: ['-mcpu=cortex-m3', '-mthumb', ...BARE],
    headers: isForAnyBoard,
    sources: [everything],
  },
]

/** Prints a line for each compiler and board; ends the program at the first that finds something.
 * @param directory  where the sources that include one header each are written */
export async function warnings(directory) {
  mkdirSync(directory, { recursive: true })
  for (const target of TARGETS) {
    const alone = readdirSync(`${LIBRARY}/portwire`)
      .filter((name) => name.endsWith('.h') && target.headers(name))
      .sort()
      .map((name) => includeAlone(directory, name))
    const flags = [...STRICT, ...target.flags, `-I${LIBRARY}`]
    const runs = target.dialects.flatMap((dialect) => [
      // Some warnings need the optimiser, so the code is made; one header after the other is only read.
      ...target.sources.map((source) => [`-std=${dialect}`, ...flags, '-S', '-o', '/dev/null', source]),
      ...(alone.length > 0 ? [[`-std=${dialect}`, ...flags, '-fsyntax-only', ...alone]] : []),
    ])
    await inTurn(runs, (args) => compile(target, args))
    const count = alone.length === 0 ? '' : `, ${alone.length} headers alone`
    console.log(`${target.name}: ${target.dialects.join(', ')}: ${target.sources.length} sources${count}: no warning`)
  }
}

function includeAlone(directory, header) {
  const file = `${directory}/${header.replace('.h', '.cpp')}`
  writeFileSync(file, `#include "portwire/${header}"\n`)
  return file
}

async function inTurn(items, work) {
  const waiting = [...items]
  const worker = async () => {
    for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) await work(item)
  }
  await Promise.all(Array.from({ length: JOBS }, worker))
}

function compile(target, args) {
  return new Promise((resolve) => {
    execFile(target.compiler, args, { maxBuffer: 1 << 26 }, (error, _, stderr) => {
      if (error?.code === 'ENOENT') {
        console.error(
          `firmware: ${target.compiler} missing; on Debian: apt-get install --no-install-recommends ${target.packages}`,
        )
        process.exit(1)
      }
      if (error || stderr) {
        process.stderr.write(stderr)
        console.error(`${target.name}: ${target.compiler} ${args.join(' ')}`)
        process.exit(1)
      }
      resolve()
    })
  })
}

function sourcesIn(directory) {
  return readdirSync(directory)
    .filter((name) => name.endsWith('.cpp'))
    .sort()
    .map((name) => `${directory}/${name}`)
}
