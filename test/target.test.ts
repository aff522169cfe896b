import { describe, expect, it } from 'vitest'
import { connectorOf, type Target } from '../src/target.js'

describe('a target', () => {
  it.each([
    [{ serial: '' }, "serial: expected a path such as /dev/ttyACM0, got ''"],
    [{ serial: null }, /^ARGUMENT_INVALID: serial: null is neither a path nor some of vendorId, productId, /],
    [{ serial: undefined }, /^ARGUMENT_INVALID: serial: undefined is neither a path/],
    [{ serial: { vendorId: 0x2341 } }, "serial.vendorId: 9025 is not a text; write it in hex: '2341'"],
    [{ spawn: '' }, "spawn: expected a program, got ''"],
    [{ spawn: null }, 'spawn: expected a program, got null'],
    [{ tcp: '' }, "tcp: expected host:port, got ''"],
    [{ tcp: 5000 }, 'tcp: expected host:port, got 5000'],
    [{ websocket: null }, 'websocket: expected ws://host:port/path, got null'],
    [{}, 'open needs one of serial, spawn, tcp, websocket or link to know what to open'],
  ])('%j is refused in one line that says what is missing', (target, message) => {
    const make = () => connectorOf(target as unknown as Target)
    expect(make).toThrow(typeof message === 'string' ? `ARGUMENT_INVALID: ${message}` : message)
    expect(make).not.toThrow('\n')
  })

  it.each([
    [{ serial: '/dev/ttyACM0' }, '/dev/ttyACM0'],
    [{ serial: { vendorId: '2341', interfaceNumber: 0 } }, 'USB 2341:?, interface 0'],
    [{ spawn: 'cat' }, 'cat'],
    [{ tcp: '127.0.0.1:5000' }, '127.0.0.1:5000'],
    [{ websocket: 'ws://127.0.0.1:5000/x' }, 'ws://127.0.0.1:5000/x'],
  ])('%j is taken', (target, name) => {
    expect(connectorOf(target).name).toBe(name)
  })
})
