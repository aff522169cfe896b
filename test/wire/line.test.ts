import { describe, expect, it } from 'vitest'
import { createLineDecoder, type LinePart } from '../../src/wire/index.js'
import { createRandom, randomBytes, SEED } from './random.js'

const show = (part: LinePart) => `${part.eol ? 'eol' : 'noeol'} ${JSON.stringify(Buffer.from(part.bytes).toString())}`

function decode(text: string, maxLineBytes: number, chunkBytes = text.length): string[] {
  const decoder = createLineDecoder(maxLineBytes)
  const bytes = new TextEncoder().encode(text)
  const parts: LinePart[] = []
  for (let at = 0; at < bytes.length; at += chunkBytes) parts.push(...decoder.push(bytes.subarray(at, at + chunkBytes)))
  return [...parts, ...decoder.end()].map(show)
}

describe('F5: lines of a program come as open_port of OTP 25 gives them with {line, 4} and eof', () => {
  // Noted down from open_port({spawn_executable, "/bin/cat"}, [{args, [File]}, {line, 4}, binary, eof]).
  it.each([
    ['abcd\n', ['eol "abcd"']],
    ['abcde\n', ['noeol "abcd"', 'eol "e"']],
    ['abcdefgh\n', ['noeol "abcd"', 'eol "efgh"']],
    ['abcdefghijkl\r\n', ['noeol "abcd"', 'noeol "efgh"', 'eol "ijkl"']],
    ['abc\n\nx', ['eol "abc"', 'eol ""', 'noeol "x"']],
    ['\n\n', ['eol ""', 'eol ""']],
    ['', []],
    ['abcd', ['noeol "abcd"']],
    ['abcdefgh', ['noeol "abcd"', 'noeol "efgh"']],
    ['abcdefghi', ['noeol "abcd"', 'noeol "efgh"', 'noeol "i"']],
    ['\r\n', ['eol ""']],
    ['abc\r\n', ['eol "abc"']],
    ['abcd\r\n', ['eol "abcd"']],
    ['abcde\r\n', ['noeol "abcd"', 'eol "e"']],
    ['abcdefgh\r\n', ['noeol "abcd"', 'eol "efgh"']],
    ['ab\r\r\n', ['eol "ab\\r"']],
    ['abc\r\r\n', ['eol "abc\\r"']],
    ['ab\rcd\n', ['noeol "ab\\rc"', 'eol "d"']],
    ['abc\rde\n', ['noeol "abc\\r"', 'eol "de"']],
    ['abcd\rx\n', ['noeol "abcd"', 'eol "\\rx"']],
    ['abcdef\r', ['noeol "abcd"', 'noeol "ef\\r"']],
  ])('%j', (text, parts) => {
    expect(decode(text, 4)).toEqual(parts)
    expect(decode(text, 4, 1)).toEqual(parts)
  })
})

describe('a line', () => {
  it('comes at once with its line end, its part only with the byte that shows that it is one', () => {
    const decoder = createLineDecoder(4)
    expect(decoder.push(Buffer.from('ab\nabcd')).map(show)).toEqual(['eol "ab"'])
    expect(decoder.push(Buffer.from('\r')).map(show)).toEqual([])
    expect(decoder.push(Buffer.from('\n')).map(show)).toEqual(['eol "abcd"'])
  })

  it('in parts of one byte keeps all of it', () => {
    expect(decode('a\r\r\nb', 1)).toEqual(['noeol "a"', 'eol "\\r"', 'noeol "b"'])
  })

  it('is a copy that later lines leave alone', () => {
    const decoder = createLineDecoder(100)
    const chunk = Buffer.from('one\n')
    const [line] = decoder.push(chunk)
    chunk.fill(0x78)
    decoder.push(Buffer.from('two\n'))
    expect(show(line!)).toBe('eol "one"')
  })

  it(`loses nothing, however it is cut (seed ${SEED})`, () => {
    const random = createRandom()
    for (let round = 0; round < 500; round++) {
      const text = Buffer.from(randomBytes(random, 40).map((byte) => [0x61, 0x62, 0x0a, 0x0d][byte & 3]!)).toString()
      const max = 1 + Math.floor(random() * 6)
      const whole = decode(text, max)
      expect(decode(text, max, 1 + Math.floor(random() * 7))).toEqual(whole)
      const lines = text.split('\n').map((line, i, all) => (i < all.length - 1 ? line.replace(/\r$/, '') : line))
      const bytes = whole.reduce((sum, part) => sum + (JSON.parse(part.slice(part.indexOf(' '))) as string).length, 0)
      expect(bytes).toBe(lines.join('').length)
      expect(whole.filter((part) => part.startsWith('eol'))).toHaveLength(lines.length - 1)
    }
  })
})
