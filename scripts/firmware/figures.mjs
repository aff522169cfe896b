// The table of what the device library costs on an ATmega328P, and its page, docs/firmware-size.md.

import { execFileSync } from 'node:child_process'
import { createMeasure } from './measure.mjs'

export const SIZE_PAGE = 'docs/firmware-size.md'

const SRAM_BYTES = 2048
/** What a program that uses the heap has in its symbols (C's, and C++'s by their mangled names). */
const HEAP_SYMBOLS = /^[0-9a-f]+ [tw] (malloc|realloc|calloc|free|_Znwj|_Znaj|_ZdlPv|_ZdaPv|_ZdlPvj|_ZdaPvj)$/i

/** Adds what only a running chip shows, and the price: what a row takes more than the one that it is `over`. */
export async function measureRows(rows, receivePathImage) {
  const measure = await createMeasure()
  try {
    const byName = new Map(rows.map((row) => [row.name, row]))
    return {
      cyclesPerReceivedByte: Number(measure.receivePath(receivePathImage).toFixed(1)),
      rows: rows.map(({ image, elf, over, call, sources, ...row }) => {
        const { stackBytes, turnaroundUs } = measure.run({ image, ramBytes: row.ramBytes, args: call })
        const below = byName.get(over)
        return {
          ...row,
          over,
          overWhat: below?.what,
          flashPrice: below && row.flashBytes - below.flashBytes,
          ramPrice: below && row.ramBytes - below.ramBytes,
          stackBytes,
          freeBytes: SRAM_BYTES - row.ramBytes - stackBytes,
          turnaroundUs: turnaroundUs && Number(turnaroundUs.toFixed(1)),
          heapSymbols: heapSymbolsOf(elf),
        }
      }),
    }
  } finally {
    await measure.close()
  }
}

function heapSymbolsOf(elf) {
  const lines = execFileSync('avr-nm', [elf], { encoding: 'utf8' }).split('\n')
  if (lines.length < 20) throw new Error(`${elf} has no symbols`)
  return lines.filter((line) => HEAP_SYMBOLS.test(line))
}

export function sizePage({ rows, cyclesPerReceivedByte }) {
  const number = (value) => (value === undefined ? '' : value.toLocaleString('en'))
  const price = ({ over, overWhat, flashPrice, ramPrice, budget }) => {
    if (over === undefined) return ['', '', '']
    const most = budget ? `${number(budget.flash)} / ${number(budget.ram)}` : ''
    return [overWhat, `${number(flashPrice)} / ${number(ramPrice)}`, most]
  }
  const lines = rows.map((row) => {
    const cells = [row.what, row.flashBytes, row.ramBytes, row.stackBytes, row.freeBytes].map((cell) =>
      typeof cell === 'number' ? number(cell) : cell,
    )
    return `| ${[...cells, number(row.turnaroundUs), ...price(row)].join(' | ')} |`
  })
  return `# What the device library costs on an ATmega328P

An Arduino Uno: 16 MHz, 32,256 B of flash beside the bootloader, 2,048 B of SRAM; avr-g++ with -Os and -flto. This page is
written by \`node scripts/firmware.mjs size --write\`; a test keeps it true, and fails where a price is above its budget.

* **Flash and RAM** as \`avr-size\` counts them: RAM is what is static, the rings of the UART and all of the library's storage
  among it. There is no heap: no program has malloc, free or operator new.
* **Stack**: the emulated chip's SRAM is painted, the program run through a session with calls, wrong calls, the protocol's own
  messages and a silence, and the deepest byte that changed is looked for; interrupts are in it. **Left** is what is never touched.
* **Answer**: the longest of 50 turnarounds of a call of action 0, from its last stop bit to the first start bit of the
  answer. The budget is 150 µs, but for the examples, which do work of their own in it.
* **Price**: flash / RAM more than the row named; **budget**: what it may be.

| program | flash B | RAM B | stack B | left B | answer µs | price over | price B | budget B |
| --- | ---: | ---: | ---: | ---: | ---: | --- | ---: | ---: |
${lines.join('\n')}

The receive path, COBS and CRC together, takes ${cyclesPerReceivedByte} cycles a byte; the budget is 100. At 115,200 baud a byte
comes every 1,389 cycles.
`
}
