import { describe, expect, it } from 'vitest'
import { advance, type Children, crash, type GroupStrategy } from '../../src/supervision/group.js'

/** What is told to the children, in order, when each does at once what it is told. */
function told(strategy: GroupStrategy, from: Children, startsFail: readonly number[] = []): string[] {
  const log: string[] = []
  let children = from
  for (let turns = 0; turns < 50; turns++) {
    const now = advance(strategy, children)
    children = now.children
    if (now.moves.length === 0) return log
    for (const { kind, index } of now.moves) {
      log.push(`${kind} ${index}`)
      if (kind === 'end') children = children.with(index, 'waiting')
      else if (startsFail.includes(index)) children = crash(strategy, children, index)
      else children = children.with(index, 'running')
    }
  }
  throw new Error('it never comes to rest')
}

const running = ['running', 'running', 'running', 'running'] as const

describe('who is started anew when a child ends', () => {
  it.each([
    ['one_for_one', []],
    ['one_for_all', ['end 3', 'end 2', 'end 0']],
    ['rest_for_one', ['end 3', 'end 2']],
  ] as const)('%s ends the others that it names, the last started first', (strategy, ended) => {
    expect(told(strategy, crash(strategy, running, 1))).toEqual(ended)
  })

  it.each([
    ['one_for_one', ['start 1']],
    ['one_for_all', ['start 0', 'start 1', 'start 2', 'start 3']],
    ['rest_for_one', ['start 1', 'start 2', 'start 3']],
  ] as const)('%s starts them in order once the pause of the one that ended is over', (strategy, started) => {
    const ended = crash(strategy, running, 1).map((state) => (state === 'doomed' ? 'waiting' : state))
    expect(told(strategy, ended.with(1, 'waiting'))).toEqual(started)
  })

  it('a start that fails takes nobody along', () => {
    const children = crash('one_for_all', ['running', 'starting', 'new'], 1)
    expect(children).toEqual(['running', 'retrying', 'new'])
    expect(advance('one_for_all', children).moves).toEqual([])
  })

  it('a child that is gone is neither ended nor started, and holds up nobody', () => {
    expect(told('one_for_all', ['gone', 'crashed', 'doomed'])).toEqual(['end 2'])
    expect(told('one_for_all', ['gone', 'waiting', 'waiting'])).toEqual(['start 1', 'start 2'])
  })

  it('one that starts while another crashes is ended too, and started again after it', () => {
    const children = crash('rest_for_one', ['running', 'running', 'starting', 'new'], 0)
    expect(children).toEqual(['crashed', 'doomed', 'doomed', 'new'])
    expect(told('rest_for_one', children)).toEqual(['end 2', 'end 1'])
  })
})

describe('the order of the first start', () => {
  it.each(['one_for_one', 'one_for_all', 'rest_for_one'] as const)('%s: each after the one before runs', (strategy) => {
    expect(advance(strategy, ['new', 'new', 'new']).children).toEqual(['starting', 'new', 'new'])
    expect(advance(strategy, ['running', 'new', 'new']).children).toEqual(['running', 'starting', 'new'])
  })

  it('a child that cannot be started holds up those after it, unless they are independent of it', () => {
    expect(told('one_for_one', ['new', 'new', 'new'], [0])).toEqual(['start 0', 'start 1', 'start 2'])
    expect(told('rest_for_one', ['new', 'new', 'new'], [1])).toEqual(['start 0', 'start 1'])
    expect(told('one_for_all', ['new', 'new', 'new'], [0])).toEqual(['start 0'])
  })

  it('an independent child that has run is not held up by one that starts', () => {
    expect(advance('one_for_one', ['starting', 'waiting']).moves).toEqual([{ kind: 'start', index: 1 }])
  })
})
