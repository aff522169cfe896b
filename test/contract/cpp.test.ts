import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { blink } from '../../docs/examples/blink.contract.js'
import { descriptorOf, hashOf } from '../../src/contract/descriptor.js'
import { contractHeader, defineContract } from '../../src/contract/index.js'
import { greenhouse } from '../../src/testing/greenhouse.js'

describe('the C++ header of a contract', () => {
  it('is, for the greenhouse, the file that the firmware is built from', () => {
    const file = readFileSync('firmware/src/greenhouse_contract.h', 'utf8')
    expect(contractHeader(greenhouse)).toBe(file)
  })

  it('is, for the first example, the file beside its sketch', () => {
    const file = readFileSync('firmware/lib/portwire/examples/Blink/blink_contract.h', 'utf8')
    expect(contractHeader(blink as never)).toBe(file)
  })

  it('leaves out what a contract does not have', () => {
    const header = contractHeader(defineContract({ name: 'bare', version: '1', actions: { go: {} } }))
    expect(header).not.toContain('Events:')
    expect(header).toContain('static constexpr uint8_t kActions = 1;')
    expect(header).toContain('constexpr portwire::Action<0, void()> kGo = {};')
  })

  it('says what a stream and a request look like in C++', () => {
    const header = contractHeader(
      defineContract({
        name: 'oven',
        version: '1',
        actions: {
          bake: { args: { celsius: 'f32' }, stream: { step: 'u8', of: 'u8' }, result: 'bool' },
          count: { stream: 'u16' },
        },
        requests: {
          getRecipe: {
            doc: 'What to bake.',
            args: { shelf: 'u8' },
            result: { name: { type: 'str', maxBytes: 8 }, minutes: 'u8' },
          },
          open: {},
        },
      }),
    )
    const lines = header.split('\n')
    expect(lines).toContain(
      'constexpr portwire::Action<0, bool(float celsius), portwire::Fields<uint8_t /* step */, uint8_t /* of */>> kBake = {};',
    )
    expect(lines).toContain('typedef portwire::JobOf<decltype(kBake)> BakeJob;')
    expect(lines).toContain('constexpr portwire::Action<1, void(), uint16_t> kCount = {};')
    expect(header).toContain(
      '/// What to bake.\nconstexpr portwire::Request<2, GetRecipeResult(uint8_t shelf)> kGetRecipe = {};',
    )
    expect(lines).toContain('constexpr portwire::Request<3, void()> kOpen = {};')
    expect(lines).toContain('  template <class Visitor> void eachField(const Visitor& visit) {')
  })

  it('holds the descriptor, whose hash it tells', () => {
    const header = contractHeader(greenhouse)
    const literals = /kContractDescriptor,\n([^;]*)\);/.exec(header)![1]!
    const text = literals.split('\n').map((line) => JSON.parse(line.trim()) as string)
    expect(new TextEncoder().encode(text.join(''))).toEqual(descriptorOf(greenhouse))
    expect(hashOf(descriptorOf(greenhouse))).toBe(greenhouse.hash)
  })

  it.each([
    ['arguments', { args: 'any' }],
    ['a result', { result: 'any' }],
    ['a stream', { stream: 'any' }],
  ] as const)('refuses %s of any type, naming the member', (what, action) => {
    const contract = defineContract({ name: 'x', version: '1', actions: { free: action } })
    expect(() => contractHeader(contract)).toThrow(`free: the device library does not take ${what} of any type`)
  })

  it('refuses text without a longest length, naming the member', () => {
    const contract = defineContract({ name: 'x', version: '1', actions: { say: { args: { words: 'str' } } } })
    expect(() => contractHeader(contract)).toThrow('say.words needs maxBytes')
  })

  it('refuses what the device library does not take, naming the member', () => {
    const contract = defineContract({
      name: 'x',
      version: '1',
      events: { burst: { fields: { samples: { array: 'u16', maxItems: 4 } } } },
    })
    expect(() => contractHeader(contract)).toThrow('burst.samples: the device library does not take arrays')
  })
})
