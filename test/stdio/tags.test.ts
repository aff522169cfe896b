import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { COMMAND_ACTION, TAG, tagged } from '../../src/stdio/tags.js'
import { createValueCodec, encodePacket } from '../../src/wire/index.js'

const codec = createValueCodec()
const hex = (bytes: Uint8Array) => [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(' ')

it('the bytes in docs/stdio.md are those on the pipe', () => {
  const page = readFileSync('docs/stdio.md', 'utf8').replaceAll(' |', '')
  const command = tagged(COMMAND_ACTION, codec.encode(['event', ['ALL']]))
  const reply = tagged(TAG.reply, codec.encode('ok'))
  const event = codec.encode(['reading', 21.5, 54.75, 17])
  for (const content of [command, reply, event]) expect(page).toContain(`    ${hex(encodePacket(content, 2))}`)
  expect(page).toContain('16#72: the answer')
  expect(page).toContain('16#6e: a notice')
  expect([TAG.reply, TAG.notice, COMMAND_ACTION]).toEqual([0x72, 0x6e, 255])
})
