// The plain Node way: child_process, @msgpack/msgpack, Buffer.concat on 'data', a promise a call, replies in their order.

import { spawn } from 'node:child_process'
import { decode, encode } from '@msgpack/msgpack'
import { hostArguments, measure } from './workload.mjs'

const ACTION = 0
const { program, calls, inFlight } = hostArguments()
const child = spawn(program, { stdio: ['pipe', 'pipe', 'inherit'] })
const waiting = []
let held = Buffer.alloc(0)

child.stdout.on('data', (chunk) => {
  held = Buffer.concat([held, chunk])
  while (held.length >= 2 && held.length >= 2 + held.readUInt16BE(0)) {
    const length = held.readUInt16BE(0)
    const { resolve, reject } = waiting.shift()
    try {
      resolve(decode(held.subarray(2, 2 + length)))
    } catch (error) {
      reject(error)
    }
    held = held.subarray(2 + length)
  }
})

function call(value) {
  return new Promise((resolve, reject) => {
    const body = encode(value)
    const packet = Buffer.alloc(3 + body.length)
    packet.writeUInt16BE(1 + body.length, 0)
    packet.writeUInt8(ACTION, 2)
    packet.set(body, 3)
    waiting.push({ resolve, reject })
    child.stdin.write(packet)
  })
}

await measure(call, calls, inFlight)
child.stdin.end()
