/** Publishes whatever it is told to, as MQTT 3.1.1 (sections 3.1, 3.3, 3.12): a client library would refuse what a test must send. */

import { connect } from 'node:net'

/** Resolves when the broker has read it, or has closed the connection over it. */
export function publishRaw(port: number, topic: Buffer, payload: Buffer): Promise<'taken' | 'closed'> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.on('error', () => {})
    socket.on('close', () => resolve('closed'))
    socket.on('data', (chunk) => {
      if (chunk[0] === 0x20) return socket.write(Buffer.concat([packet(0x30, [text(topic), payload]), PINGREQ]))
      resolve('taken')
      return socket.destroy()
    })
    // Protocol name and level, clean session, keepalive of 30 s, an empty client id.
    socket.write(packet(0x10, [text(Buffer.from('MQTT')), Buffer.from([4, 2, 0, 30]), text(Buffer.alloc(0))]))
  })
}

const PINGREQ = Buffer.from([0xc0, 0])

function packet(type: number, parts: readonly Buffer[]): Buffer {
  const body = Buffer.concat(parts)
  const length: number[] = []
  for (let rest = body.length; length.length === 0 || rest > 0; rest >>= 7)
    length.push((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0))
  return Buffer.concat([Buffer.from([type, ...length]), body])
}

function text(bytes: Buffer): Buffer {
  const length = Buffer.alloc(2)
  length.writeUInt16BE(bytes.length)
  return Buffer.concat([length, bytes])
}
