// The contracts of both echo programs.

import { defineContract } from '../../../dist/contract/index.js'

/** Of echo.c: any value, as in protocol `action`. */
export const anyEcho = defineContract({
  name: 'echo',
  version: '1',
  actions: { echo: { args: 'any', result: 'any' } },
})

const fields = { id: 'u32', name: { type: 'str', maxBytes: 16 }, on: 'bool' }

/** Of echo_portwire.cpp. */
export const typedEcho = defineContract({
  name: 'echo',
  version: '1',
  actions: { echo: { args: fields, result: fields } },
})
