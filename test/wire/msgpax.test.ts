/** Values as Elixir's Msgpax encodes them, against the project's Elixir driver and against Ruby's msgpack as a second codec. */

import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { createActionCodec } from '../../src/port/host/action-codec.js'
import { fromHex, fromTagged, readVectors, toHex } from './vectors.js'

const { values, refused } = readVectors('msgpax')
const codec = createActionCodec({})
const DRIVER = fileURLToPath(new URL('../otp/dx.exs', import.meta.url))

const isBin = (value: unknown) => value instanceof Uint8Array
const sent = values.map(({ name, value }) => ({ name, value: fromTagged(value) }))

/** One line for each value: its hex as this implementation sends it, and whether it is bin. */
const lines = sent.map(({ value }) => `${toHex(codec.encode(value))} ${isBin(value) ? 'bin' : 'value'}\n`).join('')

/** What a program makes of the lines: each value decoded and encoded again, or `refused`. */
function throughProgram(command: string, args: readonly string[], input = lines): string[] {
  return execFileSync(command, args, { input, encoding: 'utf8' }).trimEnd().split('\n')
}

const ELIXIR = `
  for line <- IO.stream(:stdio, :line) do
    [hex, kind] = String.split(line)
    case hex |> Base.decode16!(case: :lower) |> Msgpack.unpack() do
      {:ok, value} ->
        value = if kind == "bin", do: {:bin, value}, else: value
        IO.puts(value |> Msgpack.pack() |> Base.encode16(case: :lower))
      {:error, _} -> IO.puts("refused")
    end
  end`

const RUBY = `
  require 'msgpack'
  STDIN.each_line do |line|
    begin
      puts MessagePack.unpack([line.split.first].pack('H*')).to_msgpack.unpack1('H*')
    rescue MessagePack::UnpackError
      puts 'refused'
    end
  end`

describe('values for a program', () => {
  it('D5: are 60 and more, in the encoding of Msgpax byte for byte', () => {
    expect(values.length).toBeGreaterThanOrEqual(60)
    for (const { name, value, hex, sentAs } of values) {
      expect(toHex(codec.encode(fromTagged(value))), name).toBe(sentAs ?? hex)
    }
  })

  it('D5: are read as Msgpax encodes them', () => {
    for (const { name, value, hex } of values) {
      expect(codec.decode(fromHex(hex)), name).toEqual({ ok: true, value: fromTagged(value) })
    }
  })

  it('D5: have no ext, timestamps included', () => {
    for (const { name, hex, reason } of refused) {
      expect(codec.decode(fromHex(hex)), name).toEqual({ ok: false, reason })
    }
  })

  it('D5: have no NaN and no infinity, wherever they stand', () => {
    for (const number of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      for (const value of [number, [1, number], { a: { b: number } }]) {
        expect(() => codec.encode(value)).toThrow(TypeError)
      }
    }
  })
})

describe.each([
  ['Elixir', 'elixir', ['-r', DRIVER, '-e', ELIXIR]],
  ['Ruby', 'ruby', ['-e', RUBY]],
] as const)('a program in %s', (_, command, args) => {
  it('D5: reads every value, and what it writes is read as the same', { timeout: 60_000 }, () => {
    const back = throughProgram(command, args)
    expect(back).toHaveLength(values.length)
    for (const [index, { name, value }] of sent.entries()) {
      const decoded = codec.decode(fromHex(back[index]!))
      // 0 was sent as an integer, whatever its sign.
      expect(decoded, name).toEqual({ ok: true, value: Object.is(value, -0) ? 0 : value })
    }
  })

  it('D5: reads the encoding of Msgpax, and refuses what is refused here', { timeout: 60_000 }, () => {
    const input = [...values, ...refused].map(({ hex }, i) => `${hex} ${isBin(sent[i]?.value) ? 'bin' : 'value'}\n`)
    const back = throughProgram(command, args, input.join(''))
    expect(back.slice(values.length)).toEqual(refused.map(() => 'refused'))
    for (const [index, { name, value }] of sent.entries()) {
      expect(codec.decode(fromHex(back[index]!)), name).toEqual({ ok: true, value })
    }
  })
})
