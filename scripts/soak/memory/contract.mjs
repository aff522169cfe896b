// What both peers of the measurement serve.

import { ApplicationError, defineContract } from '../../../dist/index.js'

export const contract = defineContract({
  name: 'memory',
  version: '1',
  actions: {
    echo: { args: { data: { type: 'bytes', maxBytes: 64 } }, result: { type: 'bytes', maxBytes: 64 } },
    refuse: {},
    count: { args: { to: 'u8' }, stream: 'u8' },
    emit: { args: { count: 'u32' } },
  },
  events: { reading: { fields: { celsius: 'f32' } }, alarm: { fields: { high: 'bool' }, acknowledged: true } },
})

/** @param emit sends `count` events, as far as somebody hears them; resolves when they are on their way */
export const handlers = (emit) => ({
  echo: ({ data }) => data,
  refuse() {
    throw new ApplicationError(16, 'no')
  },
  async count({ to }, { next }) {
    for (let i = 0; i < to; i++) next(i)
  },
  emit: ({ count }) => emit(count),
})
