import { describe, expect, it } from 'vitest'
import { Action } from '../../src/wire/index.js'
import { runningPort } from './harness.js'

const READING = 9
const ALARM = 10

describe('a mailbox of a board', () => {
  it('W1: keeps what comes during an action until the script looks, in order, plain and reliable events alike', async () => {
    const { clock, device, port } = await runningPort({}, { window: 4, receiveBytes: 0 })
    const mailbox = port.mailbox()
    const action = port.call('setLamp', { on: true })
    const { token } = device.take().find((m) => m.action === 2)!
    device.say(READING, 0, [20, 40])
    device.say(ALARM, 1, [31, true])
    device.say(READING, 0, [21, 41])
    await clock.settle()
    expect(device.take().filter((m) => m.action === Action.ACK)).toEqual([])
    device.say(Action.REPLY, token, true)
    await clock.until(action)
    expect(mailbox.poll()).toMatchObject({ event: 'reading', value: { celsius: 20 } })
    expect(mailbox.poll()).toMatchObject({ event: 'alarm', value: { high: true }, meta: { number: 0 } })
    expect(mailbox.poll()).toMatchObject({ event: 'reading', value: { celsius: 21 } })
    expect(mailbox.poll()).toBeUndefined()
  })

  it('W2: acknowledges a reliable event when the next message is asked for, not before', async () => {
    const { clock, device, port } = await runningPort()
    const mailbox = port.mailbox({ events: ['alarm'] })
    device.say(ALARM, 1, [31, true])
    await clock.settle()
    expect(mailbox.poll()).toMatchObject({ event: 'alarm' })
    await clock.settle()
    expect(device.take()).toEqual([])
    mailbox.poll()
    await clock.settle()
    expect(device.take()).toMatchObject([{ action: Action.ACK, token: 1 }])
  })

  it('W2: a reader that throws stops the events, and the port lives', async () => {
    const { clock, device, port, notices } = await runningPort()
    const reading = (async () => {
      for await (const _ of port.mailbox({ events: ['alarm'] })) throw new Error('cannot store')
    })().catch((e: Error) => e.message)
    device.say(ALARM, 1, [31, true])
    expect(await clock.until(reading)).toBe('cannot store')
    await clock.settle()
    expect(device.take()).toEqual([])
    expect(notices.some((n) => n.kind === 'consumer_stopped')).toBe(true)
    expect(port.info().state).toBe('running')
  })

  it('W6: a message of an event just left is not delivered', async () => {
    const { device, port, clock } = await runningPort({}, { window: 4, receiveBytes: 0 })
    const mailbox = port.mailbox()
    device.say(READING, 0, [20, 40])
    device.say(ALARM, 1, [31, true])
    await clock.settle()
    mailbox.leave('reading')
    expect(mailbox.poll()).toMatchObject({ event: 'alarm' })
    device.say(READING, 0, [21, 40])
    expect(mailbox.poll()).toBeUndefined()
  })

  it('W7: ticks and logs never come into it', async () => {
    const { clock, device, port } = await runningPort()
    const mailbox = port.mailbox()
    device.say(Action.LOG, 0, [6, 'hello'])
    await clock.advance(5_000)
    expect(mailbox.poll()).toBeUndefined()
  })

  it('W9: holds 1,024 messages in order, drops the newest beyond and counts them', async () => {
    const { device, port } = await runningPort()
    const mailbox = port.mailbox({ events: ['reading'] })
    for (let i = 0; i < 1_100; i++) device.say(READING, 0, [i, 0])
    const read: number[] = []
    for (let m = mailbox.poll(); m; m = mailbox.poll()) if (m.event === 'reading') read.push(m.value.celsius)
    expect(read).toEqual(Array.from({ length: 1_024 }, (_, i) => i))
    expect(mailbox.dropped).toBe(76)
  })

  it('W5: ends with the port: normally when it was closed, with its reason when it died', async () => {
    const closed = await runningPort()
    const end = (async () => {
      for await (const _ of closed.port.mailbox()) expect.unreachable()
      return 'ended'
    })()
    await closed.clock.until(closed.port.close())
    expect(await closed.clock.until(end)).toBe('ended')

    const died = await runningPort({ restart: { type: 'temporary' } })
    const death = (async () => {
      for await (const _ of died.port.mailbox()) expect.unreachable()
    })()
    died.device.end({ kind: 'unplugged', detail: 'gone' })
    await expect(died.clock.until(death)).rejects.toMatchObject({ code: 'PORT_EXITED' })
  })
})
