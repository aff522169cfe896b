// The companion of a script: a mailbox whose messages are merged into the script between its own actions.
import { describe, expect, it } from 'vitest'
import type { MailboxMessage } from '../../src/index.js'
import type { Bench } from './bench-contract.js'
import { type BenchPort, PEERS } from './peers.js'

const upTo = (count: number) => Array.from({ length: count }, (_, n) => n)

/** What waits in a mailbox now, in order. */
function polled(mailbox: { poll(): MailboxMessage<Bench> | undefined }): MailboxMessage<Bench>[] {
  const messages: MailboxMessage<Bench>[] = []
  for (let message = mailbox.poll(); message; message = mailbox.poll()) messages.push(message)
  return messages
}

/** All that the peer has sent so far has come, and every consumer that can finish has. */
async function allCame({ port, until }: BenchPort): Promise<void> {
  for (let i = 0; i < 2; i++) await until(port.call('echo', { n: 0 }))
}

describe.each(PEERS)('the mailbox of a script that drives a %s', (_, { start, dropped }) => {
  it('W1: keeps what comes during an action of 200 ms until it is over, and gives it before the next', async () => {
    const peer = await start()
    const { port, until } = peer
    const story: string[] = []
    const mailbox = port.mailbox()
    const step = async (name: string) => {
      story.push(`${name} begins`)
      await until(Promise.all([port.call('wait', { ms: 200 }), port.call('emit', { plain: 2, other: 0, kept: 1 })]))
      await allCame(peer)
      story.push(`${name} ends`)
      for (const { event, value } of polled(mailbox)) story.push(`${event} ${value.n}`)
    }
    await step('first')
    await step('second')
    const heard = ['counted 0', 'counted 1', 'kept 0']
    expect(story).toEqual(['first begins', 'first ends', ...heard, 'second begins', 'second ends', ...heard])
  })

  it('W2: acknowledges a message when the next is asked for: only then does the peer send on', async () => {
    const peer = await start()
    const mailbox = peer.port.mailbox({ events: ['kept'] })
    const emit = async (kept: number) => (await peer.until(peer.port.call('emit', { plain: 0, other: 0, kept }))).kept
    expect(await emit(256)).toBe(256) // as many as the peer keeps; what is acknowledged makes room
    expect(mailbox.poll()?.value).toEqual({ n: 0 })
    await allCame(peer)
    expect(await emit(1)).toBe(0)
    for (let i = 0; i < 3; i++) {
      mailbox.poll()
      await allCame(peer)
    }
    expect(await emit(1)).toBe(1)
  })

  it('W2, W5: whose reader fails is over, and the reliable events with it; the script is told why', async () => {
    const peer = await start()
    const { port, until, notices } = peer
    const mailbox = port.mailbox({ events: ['kept'] })
    await until(port.call('emit', { plain: 0, other: 0, kept: 3 }))
    const reading = (async () => {
      for await (const { value } of mailbox) if (value.n === 1) throw new Error('cannot store 1')
    })()
    await expect(until(reading)).rejects.toThrow('cannot store 1')
    await allCame(peer)
    expect(mailbox.poll()).toBeUndefined()
    expect(notices.filter((notice) => notice.kind === 'consumer_stopped')).toHaveLength(1)
  })

  it('W3: gives a message that waited through an action of 6 s, and says how long; script and peer both live', async () => {
    const peer = await start()
    const { port, until, pass } = peer
    const mailbox = port.mailbox({ events: ['kept'] })
    const action = port.call('hold', { n: 1 }, { timeoutMs: 10_000 })
    await until(port.call('emit', { plain: 0, other: 0, kept: 1 }))
    await allCame(peer)
    await pass(6_000)
    await until(port.call('release'))
    expect(await until(action)).toBe(1)
    const message = mailbox.poll()
    expect(message).toMatchObject({ event: 'kept', value: { n: 0 } })
    expect(message!.waitedMs).toBeGreaterThanOrEqual(6_000)
    expect(message!.waitedMs).toBeLessThan(8_000)
    expect(port.info()).toMatchObject({ state: 'running', session: 1 })
  })

  it('W3: where the message is a call to the busy script with a timeout of 5 s, both are lost', async () => {
    const peer = await start()
    const { port, until, pass, clock } = peer
    // The original: the companion calls the script, which answers between its actions, and dies of the timeout; they are linked.
    const linked = new AbortController()
    const action = port.call('hold', { n: 1 }, { timeoutMs: 10_000, signal: linked.signal }).catch((error) => error)
    const told = new Promise<void>((resolve) => {
      port.consume('kept', () => {
        clock.after(5_000, () => linked.abort(new Error('timeout')))
        resolve()
      })
    })
    await until(port.call('emit', { plain: 0, other: 0, kept: 1 }))
    await until(told)
    await pass(6_000)
    expect(await until(action)).toMatchObject({ code: 'CALL_ABORTED', cause: { message: 'timeout' } })
  })

  it('W4: lets the next action see what a message has changed', async () => {
    const peer = await start()
    const { port, until } = peer
    const mailbox = port.mailbox({ events: ['counted'] })
    let state = { limit: 0 }
    const seen: number[] = []
    for (const plain of [0, 3, 5]) {
      seen.push(await until(port.call('echo', { n: state.limit })))
      await until(port.call('emit', { plain, other: 0, kept: 0 }))
      await allCame(peer)
      for (const { value } of polled(mailbox)) state = { limit: value.n + 1 }
    }
    seen.push(await until(port.call('echo', { n: state.limit })))
    expect(seen).toEqual([0, 0, 3, 5])
  })

  it('W5: ends with the peer: one that dies fails the reader with its exit', async () => {
    const { port, until, drop } = await start({ restart: { type: 'temporary' } })
    const reading = (async () => {
      for await (const _message of port.mailbox()) expect.unreachable()
    })()
    await drop()
    await expect(until(reading)).rejects.toMatchObject({ code: 'PORT_EXITED' })
    expect(await until(port.exited)).toMatchObject({ kind: dropped })
  })

  it('W5: ends with the peer: one that ends well, or is closed, ends the reader without an error', async () => {
    for (const end of ['leave', 'close'] as const) {
      const { port, until } = await start({ restart: { type: 'transient' } })
      const reading = (async () => {
        for await (const _message of port.mailbox()) expect.unreachable()
        return 'ended'
      })()
      if (end === 'close') void port.close()
      else port.call('leave', { status: 0, last: 0 }).catch(() => {})
      expect(await until(reading)).toBe('ended')
      await until(port.exited)
    }
  })

  it('W6: does not give a message of an event that has just been left, not even one on its way', async () => {
    const peer = await start()
    const { port, until } = peer
    const mailbox = port.mailbox({ events: ['counted', 'other'] })
    const sending = port.call('emit', { plain: 5, other: 2, kept: 0 })
    const read: string[] = []
    await until(
      (async () => {
        for await (const { event, value } of mailbox) {
          read.push(`${event} ${value.n}`)
          if (read.length === 1) mailbox.leave('counted')
          if (event === 'other' && value.n === 1) break
        }
      })(),
    )
    expect(await until(sending)).toMatchObject({ plain: expect.any(Number), other: 2 })
    expect(read).toEqual(['counted 0', 'other 0', 'other 1'])
    expect(port.info().counters.eventsReceived).toBeGreaterThan(3)
  })

  it('W7: never gets a heartbeat, a log line or console text', async () => {
    const peer = await start({ heartbeatMs: 1_000 })
    const { port, until, pass } = peer
    const mailbox = port.mailbox()
    const { ticks } = port.info().counters
    await until(port.call('say', { severity: 'info', text: 'hello' }))
    await until(port.call('print', { text: 'hello' }))
    for (let i = 0; i < 5; i++) {
      await pass(1_100)
      await allCame(peer)
    }
    expect(port.info().counters.ticks).toBeGreaterThan(ticks)
    expect(mailbox.poll()).toBeUndefined()
    expect(mailbox.dropped).toBe(0)
  })

  it('W8: lets its reader send to the peer, and tells it whether that went well or the port is closed', async () => {
    const peer = await start({ restart: { type: 'temporary' } })
    const { port, until, drop } = peer
    const mailbox = port.mailbox({ events: ['counted'] })
    await until(port.call('emit', { plain: 1, other: 0, kept: 0 }))
    await allCame(peer)
    const answers: unknown[] = []
    const answer = (message: MailboxMessage<Bench> | undefined) =>
      port.call('echo', { n: message!.value.n + 7 }).then(
        (value) => answers.push(value),
        (error) => answers.push(error.code),
      )
    const message = mailbox.poll()
    await until(answer(message))
    await drop()
    await until(port.exited)
    await until(answer(message))
    expect(answers).toEqual([7, 'PORT_EXITED'])
    expect(() => port.cast('count', { n: 0 })).toThrow('PORT_EXITED')
  })

  it('W9: keeps the order of 100,000 messages that come during one action; beyond 1,024 the newest are dropped and counted', async () => {
    const peer = await start()
    const { port, until } = peer
    const mailbox = port.mailbox({ events: ['counted', 'kept'] })
    const sent = await until(port.call('emit', { plain: 100_000, other: 0, kept: 10 }, { timeoutMs: 600_000 }))
    await allCame(peer)
    const messages = polled(mailbox)
    const plain = messages.filter(({ event }) => event === 'counted').map(({ value }) => value.n)
    expect(sent.plain).toBe(100_000)
    expect(plain).toEqual(upTo(1_024))
    expect(mailbox.dropped).toBe(100_000 - 1_024)
    // Reliable ones wait in front of it, and none is dropped.
    while (messages.length < 1_024 + 10) {
      await allCame(peer)
      messages.push(...polled(mailbox))
    }
    const kept = messages.filter(({ event }) => event === 'kept').map(({ value }) => value.n)
    expect(kept).toEqual(upTo(10))
  }, 60_000)
})
