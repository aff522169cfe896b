/** What waits for subscribers of the embedded broker is bounded. */

import type { Socket } from 'node:net'
import { expect, it } from 'vitest'
import { createOutboundBound } from '../../../src/gateway/broker/socket.js'

const socket = (writableLength: number) => ({ writableLength, writableHighWaterMark: 16 }) as Socket

function bounded(...lengths: number[]) {
  const sockets = lengths.map(socket)
  const ended: number[] = []
  const bound = createOutboundBound(new Set(sockets), 1_000, (each) => ended.push(sockets.indexOf(each)))
  return { bound, sockets, ended }
}

it('T12: beyond the bound the one with the most goes, whoever was written to last', () => {
  const { bound, sockets, ended } = bounded(100, 700, 300)
  bound.written(sockets[2]!)
  expect(ended).toEqual([1])
})

it('T12: up to the bound nobody goes', () => {
  const { bound, sockets, ended } = bounded(100, 600, 300)
  for (const each of sockets) bound.written(each)
  expect(ended).toEqual([])
})

it('T12: a write that the system took at once is not even looked at', () => {
  const { bound, sockets, ended } = bounded(10, 5_000)
  bound.written(sockets[0]!)
  expect(ended).toEqual([])
})
