/** Entity data in a contract. */

import { describe, expect, it, test } from 'vitest'
import { parseContract } from '../../src/contract/file/index.js'
import { type ContractDefinition, defineContract } from '../../src/contract/index.js'
import { greenhouse } from '../../src/testing/greenhouse.js'

function withEntities(field: unknown, action: unknown = undefined, args: unknown = { on: 'bool' }): ContractDefinition {
  return {
    name: 'x',
    version: '1',
    actions: {
      act: { args, ...(action !== undefined && { entity: action }) },
      look: { result: { on: 'bool', warm: 'f32' } },
    },
    events: { said: { fields: { on: { type: 'bool', entity: field }, warm: 'f32' } } },
  } as unknown as ContractDefinition
}

test('entity data is neither in the hash nor in the descriptor', () => {
  const bare = { ...withEntities(undefined) }
  const described = withEntities({ name: 'On', read: 'look' }, { component: 'light', state: 'said.on' })
  expect(defineContract(described).hash).toBe(defineContract(bare).hash)
  expect(greenhouse.hash).toBe(0x6d4fdffe)
})

describe('a field of an event', () => {
  it.each([
    [
      { component: 'binary_sensr' },
      'component: "binary_sensr" is not one of sensor, binary_sensor (did you mean binary_sensor?)',
    ],
    [{ component: 'sensor' }, 'component: a bool is a binary_sensor'],
    [{ devceClass: 'motion' }, 'devceClass: not a key here (did you mean deviceClass?)'],
    [{ device_class: 'motion' }, 'device_class: not a key here (did you mean deviceClass?)'],
    [{ state: 'said.on' }, 'state: not a key here'],
    [{ deviceClass: '' }, 'deviceClass: a text of 1 to 64 characters is expected, without control characters'],
    [{ name: 'a\u001b[2J' }, 'name: a text of 1 to 64 characters is expected, without control characters'],
    [{ stateClass: 'measurement' }, 'stateClass: it is for numbers, not for bool'],
    [{ expireAfter: 0 }, 'expireAfter: whole seconds from 1 to 31536000 are expected'],
    [{ entityCategory: 'system' }, 'entityCategory: "system" is not one of config, diagnostic'],
    [{ read: 'loook' }, 'read: "loook" is not an action without arguments whose result has on'],
    [{ read: 'act' }, 'read: "act" is not an action without arguments whose result has on'],
    [true, ' a table is expected (an empty one is {})'],
  ])('with entity %o is refused', (entity, problem) => {
    const at = 'CONTRACT_INVALID: contract.events.said.fields.on.entity'
    expect(() => defineContract(withEntities(entity))).toThrow(`${at}${problem.startsWith(' ') ? ':' : '.'}${problem}`)
  })

  it('may be shown as it is, or not at all', () => {
    for (const entity of [
      {},
      false,
      { deviceClass: 'motion', icon: 'mdi:run', enabledByDefault: false, read: 'look' },
    ]) {
      expect(() => defineContract(withEntities(entity))).not.toThrow()
    }
  })
})

describe('an action', () => {
  it.each([
    [
      { component: 'swich' },
      { on: 'bool' },
      'component: "swich" is not one of button, switch, light, valve, number (did you mean switch?)',
    ],
    [{ component: 'button' }, { on: 'bool' }, 'component: a button is an action without arguments'],
    [
      { component: 'number' },
      { on: 'bool' },
      'component: a number is an action with one argument, a number with min and max',
    ],
    [{ component: 'light' }, {}, 'component: a light is an action with one argument, a bool'],
    [{ step: 1 }, { on: 'bool' }, 'step: it is for a number'],
    [{ step: 0 }, { to: { type: 'u8', min: 0, max: 9 } }, 'step: a number above 0 is expected'],
    [
      { state: 'said.onn' },
      { on: 'bool' },
      'state: "said.onn" is not a field of an event, like vent.open, of type bool',
    ],
    [
      { state: 'said.warm' },
      { on: 'bool' },
      'state: "said.warm" is not a field of an event, like vent.open, of type bool',
    ],
  ])('with entity %o is refused for %o', (entity, args, problem) => {
    const at = 'CONTRACT_INVALID: contract.actions.act.entity.'
    expect(() => defineContract(withEntities(undefined, entity, args))).toThrow(at + problem)
  })

  it.each([
    [{ a: 'bool', b: 'bool' }],
    [{ to: 'u8' }],
    [{ to: { type: 'u64', min: 0, max: 1 } }],
    ['any'],
    [{ text: 'str' }],
  ])('with arguments %o cannot be operated', (args) => {
    expect(() => defineContract(withEntities(undefined, {}, args))).toThrow(
      'contract.actions.act.entity: only an action with no argument, one bool, or one number with min and max can be operated',
    )
  })
})

it('is refused where it means nothing: on arguments and results', () => {
  const field = { type: 'bool', entity: {} }
  for (const actions of [{ act: { args: { on: field } } }, { act: { result: { on: field } } }]) {
    const definition = { name: 'x', version: '1', actions } as unknown as ContractDefinition
    expect(() => defineContract(definition)).toThrow('.on.entity: not a key here')
  }
})

test('in a file, an error has its line and the nearest spelling', () => {
  const text = [
    'name: x',
    'version: "1"',
    'actions:',
    '  act:',
    '    args: { on: bool }',
    '    entity: { component: lihgt }',
    '',
  ].join('\n')
  expect(() => parseContract('x.yaml', text)).toThrow(
    /^CONTRACT_INVALID: x\.yaml:6:\d+: actions\.act\.entity.*did you mean light\?/,
  )
})
