import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { ERRORS, PortwireError } from '../src/index.js'

describe('the table of errors', () => {
  it('is the one in docs/errors.md, code by code, in both directions', () => {
    const rows = readFileSync('docs/errors.md', 'utf8').matchAll(/^\| `([A-Z_]+)` \| (.*) \| (.*) \|$/gm)
    const documented = Object.fromEntries([...rows].map(([, code, what, hint]) => [code, { what, hint }]))
    expect(documented).toEqual(ERRORS)
  })

  it('gives every error its code in the message, and a hint of what to do', () => {
    const error = new PortwireError('PORT_BUSY', '/dev/ttyACM0 is in use')
    expect(error.message).toBe('PORT_BUSY: /dev/ttyACM0 is in use')
    expect(error.hint).toBe(ERRORS.PORT_BUSY.hint)
    expect(error.name).toBe('PortwireError')
  })
})
