// What must not compile is marked with @ts-expect-error: `npm test` checks the types of the tests too, and a line that
// compiles although it must not is an error there.
import { describe, expectTypeOf, it } from 'vitest'
import { defineContract, type Port } from '../../src/index.js'

const contract = defineContract({
  name: 'typed',
  version: '1',
  actions: {
    nothing: {},
    move: { args: { by: 'i16', fast: 'bool' }, result: 'f32' },
    read: { args: { at: { type: 'u64', unit: 'ms' } }, result: { text: 'str', raw: { type: 'bytes', maxBytes: 8 } } },
    many: { args: { values: { array: 'u8', maxItems: 4 } }, result: { array: 'i64', maxItems: 2 } },
  },
  events: {
    plain: { fields: { level: 'u8' } },
    kept: { fields: { why: 'str' }, acknowledged: true },
    bare: {},
  },
})
type Typed = Port<(typeof contract)['definition']>

describe('the types of a port follow from its contract', () => {
  it('arguments and results', () => {
    const check = (port: Typed) => {
      expectTypeOf(port.call('nothing')).resolves.toEqualTypeOf<undefined>()
      expectTypeOf(port.call('move', { by: 1, fast: true })).resolves.toEqualTypeOf<number>()
      expectTypeOf(port.call('read', { at: 1n })).resolves.toEqualTypeOf<{
        readonly text: string
        readonly raw: Uint8Array
      }>()
      expectTypeOf(port.call('many', { values: [1, 2] })).resolves.toEqualTypeOf<readonly bigint[]>()
      port.cast('nothing')
      port.cast('move', { by: 1, fast: true }, { lossy: true })
      port.call('nothing', {}, { timeoutMs: 5 })
      // @ts-expect-error no such action
      port.call('moev', { by: 1, fast: true })
      // @ts-expect-error arguments are missing
      port.call('move')
      // @ts-expect-error one argument is missing
      port.call('move', { by: 1 })
      // @ts-expect-error an argument has the wrong type
      port.call('move', { by: '1', fast: true })
      // @ts-expect-error an argument too many
      port.call('move', { by: 1, fast: true, far: 1 })
      // @ts-expect-error a number where 64 bits need a bigint
      port.call('read', { at: 1 })
      // @ts-expect-error an array of the wrong type
      port.call('many', { values: ['1'] })
      // @ts-expect-error an option that does not exist
      port.call('nothing', {}, { timeout: 5 })
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
      port.on('bare', () => {})
      port.consume('kept', async (value) => {
        expectTypeOf(value).toEqualTypeOf<{ readonly why: string }>()
      })
      // @ts-expect-error a reliable event is consumed, not heard
      port.on('kept', () => {})
      // @ts-expect-error a plain event is heard, not consumed
      port.consume('plain', () => {})
      // @ts-expect-error no such event
      port.on('plan', () => {})
    }
    expectTypeOf(check).toBeFunction()
  })

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
})
