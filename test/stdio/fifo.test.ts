import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, it } from 'vitest'
import { createFifo } from '../../src/stdio/fifo.js'
import { createRandom, SEED } from '../wire/random.js'

it(`what goes in first comes out first, however pushes and shifts mix (seed ${SEED})`, () => {
  const random = createRandom(SEED)
  const fifo = createFifo<number>()
  const plain: number[] = []
  for (let n = 0; n < 20_000; n++) {
    if (random() < 0.55) {
      fifo.push(n)
      plain.push(n)
    } else expect(fifo.shift()).toBe(plain.shift())
    expect(fifo.length).toBe(plain.length)
  }
})

it('what was taken is not kept, though the queue is never empty', async () => {
  const fifo = createFifo<object>()
  fifo.push({ n: -1 })
  const taken: WeakRef<object>[] = []
  for (let n = 0; n < 5_000; n++) {
    fifo.push({ n })
    taken.push(new WeakRef(fifo.shift()!))
  }
  // A reference that was made in this turn keeps what it names until the turn is over.
  await new Promise((resolve) => setImmediate(resolve))
  setFlagsFromString('--expose-gc')
  ;(runInNewContext('gc') as () => void)()
  expect(taken.filter((reference) => reference.deref() !== undefined)).toEqual([])
  expect(fifo.shift()).toEqual({ n: 4_999 })
})
