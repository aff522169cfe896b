import { describe, expect, it } from 'vitest'
import { greenhouse } from '../../src/testing/greenhouse.js'
import {
  Action,
  createValueCodec,
  encodeDeviceHello,
  encodeFrame,
  encodeMessage,
  encodePacket,
} from '../../src/wire/index.js'
import { runningPort } from './harness.js'
import { EPOCH, helloOf } from './scripted-device.js'

const codec = createValueCodec()
const NEXT_EPOCH = EPOCH + 1
const announcement = encodeMessage(
  codec,
  Action.HELLO,
  0,
  encodeDeviceHello({ ...helloOf(greenhouse), epoch: NEXT_EPOCH }),
)
const log = (text: string) => encodeMessage(codec, Action.LOG, 0, [6, text])
const join = (...parts: Uint8Array[]) => Uint8Array.from(parts.flatMap((part) => [...part]))

describe.each([
  ['a device (frames)', false, encodeFrame],
  ['a device (packets)', true, (content: Uint8Array) => encodePacket(content, 2)],
] as const)('%s that restarts on the same link', (_name, lossless, encode) => {
  it('what follows its announcement in the same chunk is heard, and the half of a message that ends it too', async () => {
    const { clock, device, port, notices } = await runningPort({}, {}, { lossless })
    device.autoHello({ epoch: NEXT_EPOCH })
    const last = encode(log('third'))
    const chunk = join(encode(announcement), encode(log('first')), encode(log('second')), last.subarray(0, 7))
    device.sayBytes(chunk)
    device.sayBytes(last.subarray(7))
    await clock.until(port.ready())
    expect(notices.flatMap((notice) => (notice.kind === 'log' ? [notice.text] : []))).toEqual([
      'first',
      'second',
      'third',
    ])
    const { session, lastExit, counters } = port.info()
    expect({ session, lastExit }).toEqual({ session: 2, lastExit: { kind: 'reset', cause: 'power_on' } })
    expect(counters.framesDropped).toEqual({ cobs: 0, length: 0, crc: 0, oversize: 0, short: 0 })
    expect(counters.messagesRefused).toBe(0)
    expect(device.opens).toBe(1)
    await clock.until(port.close())
  })

  it('an answer of its earlier life in the same chunk reaches no call', async () => {
    const { clock, device, port } = await runningPort({}, {}, { lossless })
    const call = port.call('identify').catch((error) => error)
    const { token } = device.take().find((heard) => heard.action === 0)!
    device.autoHello({ epoch: NEXT_EPOCH })
    device.sayBytes(join(encode(announcement), encode(encodeMessage(codec, Action.REPLY, token, true))))
    expect(await clock.until(call)).toMatchObject({ code: 'PORT_EXITED', outcome: 'unknown' })
    await clock.until(port.ready())
    await clock.until(port.close())
  })
})
