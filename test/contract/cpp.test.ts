import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { blink } from '../../docs/examples/blink.contract.js'
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
