// The shared vectors as a header for the device's tests, firmware/test/test_native. `node scripts/firmware/vectors.mjs HEADER` writes
// it from the root of the repository, with nothing installed.

import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const VECTORS = 'test/vectors'

if (process.argv[1] === fileURLToPath(import.meta.url)) writeVectors(process.argv[2])

/** The shared vectors as a header for the device's tests. A file that is not there gives empty tables. */
export function writeVectors(header) {
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
  const baudRates = readVectors('baud-rates.json') ?? { rows: [] }
  const script = (row) => [text(row.name), row.session ?? false, text(row.script.join('\n'))]
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
    ...table('kDeviceScripts', 'DeviceVector', device.rows.map(script)),
    ...table('kBaudRateScripts', 'DeviceVector', baudRates.rows.map(script)),
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
