// What must not compile is marked with @ts-expect-error: a line that compiles although it must not is an error there. The
// last test runs the compiler on this file, so that all of this fails in a test run too.
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, expectTypeOf, it } from 'vitest'
import {
  defineContract,
  type Exit,
  type LinePart,
  type MailboxMessage,
  type OpenOptions,
  openRaw,
  type Port,
  serve,
} from '../../src/index.js'

const contract = defineContract({
  name: 'typed',
  version: '1',
  actions: {
    nothing: {},
    move: { args: { by: 'i16', fast: 'bool' }, result: 'f32' },
    read: { args: { at: { type: 'u64', unit: 'ms' } }, result: { text: 'str', raw: { type: 'bytes', maxBytes: 8 } } },
    many: { args: { values: { array: 'u8', maxItems: 4 } }, result: { array: 'i64', maxItems: 2 } },
    free: { args: 'any', result: 'any' },
    scan: { args: { from: 'u8' }, stream: { step: 'u8', at: 'u64' }, result: 'bool' },
    tail: { stream: 'str' },
  },
  events: {
    plain: { fields: { level: 'u8' } },
    kept: { fields: { why: 'str' }, acknowledged: true },
    bare: {},
  },
  requests: {
    ask: { args: { zone: 'u8' }, result: { celsius: 'f32', until: 'u64' } },
    hello: {},
  },
})
type Definition = (typeof contract)['definition']
type Typed = Port<Definition>

describe('the types of a port, to a program and to a board alike, follow from its contract', () => {
  it('arguments and results of calls', () => {
    const check = (port: Typed) => {
      expectTypeOf(port.call('nothing')).resolves.toEqualTypeOf<undefined>()
      expectTypeOf(port.call('move', { by: 1, fast: true })).resolves.toEqualTypeOf<number>()
      expectTypeOf(port.call('read', { at: 1n })).resolves.toEqualTypeOf<{
        readonly text: string
        readonly raw: Uint8Array
      }>()
      expectTypeOf(port.call('many', { values: [1, 2] })).resolves.toEqualTypeOf<readonly bigint[]>()
      expectTypeOf(port.call('free', { whatever: 1 })).resolves.toEqualTypeOf<unknown>()
      expectTypeOf(port.call('scan', { from: 1 })).resolves.toEqualTypeOf<boolean>()
      port.call('nothing', {}, { timeoutMs: 5, signal: new AbortController().signal })
      // @ts-expect-error no such action
      port.call('moev', { by: 1, fast: true })
      // @ts-expect-error an event is no action
      port.call('plain')
      // @ts-expect-error arguments are missing
      port.call('move')
      // @ts-expect-error one argument is missing
      port.call('move', { by: 1 })
      // @ts-expect-error an argument has the wrong type
      port.call('move', { by: '1', fast: true })
      // @ts-expect-error an argument too many
      port.call('move', { by: 1, fast: true, far: 1 })
      // @ts-expect-error arguments where there are none
      port.call('nothing', { by: 1 })
      // @ts-expect-error a number where 64 bits need a bigint
      port.call('read', { at: 1 })
      // @ts-expect-error an array of the wrong type
      port.call('many', { values: ['1'] })
      // @ts-expect-error an option that does not exist
      port.call('nothing', {}, { timeout: 5 })
      // @ts-expect-error the result is a number
      port.call('move', { by: 1, fast: true }).then((text: string) => text)
    }
    expectTypeOf(check).toBeFunction()
  })

  it('casts, which say whether there is room for more', () => {
    const check = (port: Typed) => {
      expectTypeOf(port.cast('nothing')).toEqualTypeOf<boolean>()
      port.cast('move', { by: 1, fast: true }, { lossy: true })
      // @ts-expect-error no such action
      port.cast('moev')
      // @ts-expect-error one argument is missing
      port.cast('move', { fast: true })
      // @ts-expect-error a cast has no deadline
      port.cast('nothing', {}, { timeoutMs: 5 })
    }
    expectTypeOf(check).toBeFunction()
  })

  it('items and results of streams', () => {
    const check = async (port: Typed) => {
      const scan = port.stream('scan', { from: 1 })
      for await (const item of scan) {
        expectTypeOf(item).toEqualTypeOf<{ readonly step: number; readonly at: bigint }>()
        // @ts-expect-error no such member
        item.stpe
      }
      expectTypeOf(scan.result).resolves.toEqualTypeOf<boolean>()
      const tail = port.stream('tail')
      for await (const line of tail) expectTypeOf(line).toEqualTypeOf<string>()
      expectTypeOf(tail.result).resolves.toEqualTypeOf<undefined>()
      // @ts-expect-error an action that sends no items
      port.stream('move', { by: 1, fast: true })
      // @ts-expect-error an argument is missing
      port.stream('scan')
      // @ts-expect-error an argument has the wrong type
      port.stream('scan', { from: true })
    }
    expectTypeOf(check).toBeFunction()
  })

  it('events, and whether they are heard or consumed', () => {
    const check = (port: Typed) => {
      port.on('plain', (value, meta) => {
        expectTypeOf(value).toEqualTypeOf<{ readonly level: number }>()
        expectTypeOf(meta.epoch).toEqualTypeOf<number>()
        // @ts-expect-error no such member
        value.lvel
      })
      port.on('bare', (value) => expectTypeOf(value).toEqualTypeOf<Record<never, never>>())
      port.consume('kept', async (value, meta) => {
        expectTypeOf(value).toEqualTypeOf<{ readonly why: string }>()
        expectTypeOf(meta.id).toEqualTypeOf<string | undefined>()
      })
      expectTypeOf(port.on('plain', () => {})).toEqualTypeOf<() => void>()
      // @ts-expect-error a reliable event is consumed, not heard
      port.on('kept', () => {})
      // @ts-expect-error a plain event is heard, not consumed
      port.consume('plain', () => {})
      // @ts-expect-error an event without acknowledgement is heard, not consumed
      port.consume('bare', () => {})
      // @ts-expect-error no such event
      port.on('plan', () => {})
      // @ts-expect-error no such event
      port.consume('kep', () => {})
      // @ts-expect-error the payload has another type
      port.on('plain', (value: { readonly level: string }) => value)
      // @ts-expect-error the payload has another type
      port.consume('kept', (value: { readonly why: number }) => void value)
    }
    expectTypeOf(check).toBeFunction()
  })

  it('arguments and answers of what the peer asks', () => {
    const check = (port: Typed) => {
      port.handle('ask', ({ zone }, { deadlineMs, signal }) => {
        expectTypeOf(zone).toEqualTypeOf<number>()
        expectTypeOf(deadlineMs).toEqualTypeOf<number>()
        expectTypeOf(signal).toEqualTypeOf<AbortSignal>()
        return { celsius: 21, until: 1n }
      })
      port.handle('ask', async () => ({ celsius: 21, until: 1n }))
      port.handle('hello', () => undefined)
      // @ts-expect-error no such request
      port.handle('aks', () => undefined)
      // @ts-expect-error an action is no request
      port.handle('move', () => 1)
      // @ts-expect-error the answer has the wrong type
      port.handle('ask', () => 21)
      // @ts-expect-error a member of the answer is missing
      port.handle('ask', async () => ({ celsius: 21 }))
      // @ts-expect-error a number where 64 bits need a bigint
      port.handle('ask', () => ({ celsius: 21, until: 1 }))
      // @ts-expect-error an argument has another type
      port.handle('ask', ({ zone }: { readonly zone: string }) => ({ celsius: zone.length, until: 1n }))
      // @ts-expect-error an answer where none is promised
      port.handle('hello', () => 1)
    }
    expectTypeOf(check).toBeFunction()
  })

  it('messages of a mailbox, told apart by their event', () => {
    const check = async (port: Typed) => {
      const mailbox = port.mailbox({ events: ['plain', 'kept'] })
      for await (const message of mailbox) {
        expectTypeOf(message.event).toEqualTypeOf<'plain' | 'kept' | 'bare'>()
        if (message.event === 'plain') expectTypeOf(message.value).toEqualTypeOf<{ readonly level: number }>()
        if (message.event === 'kept') expectTypeOf(message.value).toEqualTypeOf<{ readonly why: string }>()
        // @ts-expect-error which event it is decides what it has
        message.value.level
        // @ts-expect-error no such event
        if (message.event === 'plan') break
      }
      expectTypeOf(mailbox.poll()).toEqualTypeOf<MailboxMessage<Definition> | undefined>()
      mailbox.leave('plain')
      // @ts-expect-error no such event
      mailbox.leave('plan')
      // @ts-expect-error no such event
      port.mailbox({ events: ['plan'] })
    }
    expectTypeOf(check).toBeFunction()
  })

  it('ends of a life, and calls of its start', () => {
    const check = (port: Typed) => {
      expectTypeOf(port.kill()).resolves.toEqualTypeOf<Exit>()
      expectTypeOf(port.close()).resolves.toEqualTypeOf<Exit>()
      expectTypeOf(port.exited).resolves.toEqualTypeOf<Exit>()
      expectTypeOf(port.ready()).resolves.toEqualTypeOf<void>()
      const options: OpenOptions<Definition> = {
        spawn: 'program',
        onStart: async (session) => {
          expectTypeOf(await session.call('move', { by: 1, fast: true })).toEqualTypeOf<number>()
          // @ts-expect-error no such action
          await session.call('moev')
          // @ts-expect-error a session that starts has no events yet
          session.on('plain', () => {})
        },
      }
      // @ts-expect-error no such restart type
      const wrong: OpenOptions<Definition> = { spawn: 'program', restart: { type: 'always' } }
      // @ts-expect-error nothing to open
      const nothing: OpenOptions<Definition> = { callTimeoutMs: 1 }
      return [options, wrong, nothing]
    }
    expectTypeOf(check).toBeFunction()
  })
})

describe('a contract, a program that serves it, and packets without one', () => {
  it('a contract with a wrong type does not compile', () => {
    const check = () => {
      // @ts-expect-error u128 is no type
      defineContract({ name: 'x', version: '1', actions: { a: { args: { b: 'u128' } } } })
      // @ts-expect-error an array needs maxItems
      defineContract({ name: 'x', version: '1', actions: { a: { args: { b: { array: 'u8' } } } } })
      // @ts-expect-error a version is text
      defineContract({ name: 'x', version: 1 })
    }
    expectTypeOf(check).toBeFunction()
  })

  it('handlers of a program have the types of the contract', () => {
    const small = defineContract({
      name: 'small',
      version: '1',
      actions: { twice: { args: { x: 'u8' }, result: 'u16' } },
      events: { tick: { fields: { at: 'u64' } }, bare: {} },
    })
    const check = async () => {
      const server = await serve(small, {
        twice: ({ x }) => {
          expectTypeOf(x).toEqualTypeOf<number>()
          return 2 * x
        },
      })
      server.emit('tick', { at: 1n })
      // @ts-expect-error a field has the wrong type
      server.emit('tick', { at: 1 })
      server.emit('bare')
      // @ts-expect-error fields where there are none
      server.emit('bare', { at: 1n })
      // @ts-expect-error no such event
      server.emit('tock')
      // @ts-expect-error a handler is missing
      await serve(small, {})
      // @ts-expect-error the result has the wrong type
      await serve(small, { twice: () => 'two' })
    }
    expectTypeOf(check).toBeFunction()
  })

  it('packets of a raw port are bytes', () => {
    const check = async () => {
      const port = await openRaw({ spawn: 'program' }, { packet: 2 })
      for await (const packet of port.packets()) expectTypeOf(packet).toEqualTypeOf<Uint8Array>()
      const lines = await openRaw({ spawn: 'program' }, { packet: { line: 80 } })
      for await (const part of lines.packets()) expectTypeOf(part).toEqualTypeOf<LinePart>()
      // @ts-expect-error no such packet mode
      await openRaw({ spawn: 'program' }, { packet: 3 })
      // @ts-expect-error a text is no packet
      await port.write('text')
    }
    expectTypeOf(check).toBeFunction()
  })
})

describe('the compiler', () => {
  const root = fileURLToPath(new URL('../../', import.meta.url))

  /** Compiles a text in place of this file, strictly as everything else; answers what is wrong with it. */
  const compile = (name: string, text: string): string[] => {
    const folder = `${root}build/types/${name}/`
    mkdirSync(folder, { recursive: true })
    writeFileSync(`${folder}types.ts`, text.replaceAll("'../../src/", "'../../../src/"))
    const config = { extends: '../../../tsconfig.json', include: ['types.ts'] }
    writeFileSync(`${folder}tsconfig.json`, JSON.stringify(config))
    const tsc = `${root}node_modules/.bin/tsc`
    const { stdout } = spawnSync(tsc, ['-p', `${folder}tsconfig.json`, '--pretty', 'false'], { encoding: 'utf8' })
    return stdout.split('\n').filter((line) => line.includes('error TS'))
  }
  const self = readFileSync(fileURLToPath(import.meta.url), 'utf8')
  const refusals = self.split('\n').filter((line) => line.trim().startsWith('// @ts-expect-error'))

  it('takes all that is right here and refuses all that is wrong', { timeout: 60_000 }, () => {
    expect(compile('as-it-is', self)).toEqual([])
    expect(refusals.length).toBeGreaterThan(50)
  })

  it('says so when a port lets everything through', { timeout: 60_000 }, () => {
    const loose = self.replace('type Typed = Port<Definition>', 'type Typed = ReturnType<typeof JSON.parse>')
    expect(loose).not.toBe(self)
    const errors = compile('loose', loose)
    const unused = errors.filter((error) => error.includes("Unused '@ts-expect-error' directive"))
    // All but those that are about contracts, servers, raw ports and options.
    expect(unused.length).toBeGreaterThan(refusals.length - 20)
    expect(errors.length).toBeGreaterThan(unused.length) // the exact types are missed too
  })
})
