import { describe, expect, it } from 'vitest'
import { all, type Exit, open, openRaw, type PortNotice } from '../../src/index.js'
import { greenhouse } from '../../src/testing/greenhouse.js'
import { isAlive, PEERS, portOver, runningOver } from './peers.js'

describe.each(Object.entries(PEERS))('the owner of %s', (name, makePeer) => {
  const isProgram = name === 'a program'

  it('L16: is gone when its signal is aborted: the port closes, and whoever watches or waits is told', async () => {
    const owner = new AbortController()
    const peer = await makePeer()
    const { port, pid, notices } = await runningOver(peer, { signal: owner.signal })
    expect(port.info()).toMatchObject({ hasOwner: true, watchers: 1 })
    const call = port.call('calibrate', { probe: 0 }).catch((error) => error)
    const waiting: Promise<Exit> = port.exited
    owner.abort()
    expect(notices.at(-1)).toEqual({ kind: 'state', state: 'closed', exit: { kind: 'closed' } })
    expect(await waiting).toEqual({ kind: 'closed' })
    expect(await call).toMatchObject({ code: 'PORT_EXITED' })
    expect(all()).toEqual([])
    if (isProgram) expect(isAlive(pid)).toBe(false)
    else await (await open(greenhouse, peer.target)).close() // the tty is free
  })

  it('L16: that is gone before the port is up, or before it is made, leaves nothing open', async () => {
    const owner = new AbortController()
    const peer = await makePeer('--boot-ms', '60000')
    const opening = open(greenhouse, { ...peer.target, signal: owner.signal })
    owner.abort()
    await expect(opening).rejects.toMatchObject({ code: 'PORT_EXITED' })
    await expect(open(greenhouse, { ...peer.target, signal: owner.signal })).rejects.toMatchObject({
      code: 'PORT_EXITED',
    })
    const { port } = portOver(peer, { signal: AbortSignal.abort() })
    expect(await port.exited).toEqual({ kind: 'closed' })
    expect(all()).toEqual([])
  })

  it('L16: that outlives the port is not bound to it any more', async () => {
    const owner = new AbortController()
    let listening = 0
    const { addEventListener, removeEventListener } = owner.signal
    owner.signal.addEventListener = (...args: Parameters<typeof addEventListener>) => {
      listening += 1
      addEventListener.apply(owner.signal, args)
    }
    owner.signal.removeEventListener = (...args: Parameters<typeof removeEventListener>) => {
      listening -= 1
      removeEventListener.apply(owner.signal, args)
    }
    const { port } = await runningOver(await makePeer(), { signal: owner.signal })
    expect(listening).toBe(1)
    await port.close()
    expect(listening).toBe(0)
  })

  it('L16: may be a block: `await using` closes the port at its end, also when the block throws', async () => {
    const peer = await makePeer()
    const notices: PortNotice[] = []
    let exited: Promise<Exit> | undefined
    const block = async () => {
      await using port = await open(greenhouse, peer.target)
      port.watch((notice) => notices.push(notice))
      exited = port.exited
      await port.call('setLamp', { on: true })
      throw new Error('the block has failed')
    }
    await expect(block()).rejects.toThrow('the block has failed')
    expect(await exited).toEqual({ kind: 'closed' })
    expect(notices).toEqual([{ kind: 'state', state: 'closed', exit: { kind: 'closed' } }])
    expect(all()).toEqual([])
  })
})

describe('the owner of a raw program', () => {
  it('L16: closes it by its signal too, and its packets end', async () => {
    const owner = new AbortController()
    const port = await openRaw({ spawn: 'cat' }, { packet: 2, signal: owner.signal })
    const { pid } = port.info().stream!
    const next = port.packets().next()
    owner.abort()
    expect((await next).done).toBe(true)
    expect(await port.exited).toEqual({ kind: 'closed' })
    expect(isAlive(pid!)).toBe(false)
  })
})
