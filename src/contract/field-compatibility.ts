/** Whether whatever one side may send of a field is what the other side takes, and takes for the same. */

import type { NormalField } from './model.js'
import type { ScalarType } from './types.js'

/** Integers that a float of that type holds exactly: 24 bits of significand in f32, 53 in f64 (IEEE 754). */
const EXACT_IN: Readonly<Record<string, readonly ScalarType[]>> = {
  f32: ['u8', 'u16', 'i8', 'i16'],
  f64: ['u8', 'u16', 'u32', 'i8', 'i16', 'i32', 'f32'],
}

/** @returns why not, or undefined
 * @param isDescribed  ranges and units are not known of one side */
export function fieldProblem(sender: NormalField, receiver: NormalField, isDescribed: boolean): string | undefined {
  const { kind } = sender
  if (kind === 'array' && receiver.kind === 'array') {
    if (!typeFits(sender.array, receiver.array)) return `${sender.array}[] is sent, ${receiver.array}[] is taken`
    if (sender.maxItems > receiver.maxItems) {
      return `up to ${sender.maxItems} items are sent, ${receiver.maxItems} are taken`
    }
    return isDescribed ? undefined : unitProblem(sender, receiver)
  }
  if (kind !== 'scalar' || receiver.kind !== 'scalar') {
    return `${shapeOf(sender)} is sent, ${shapeOf(receiver)} is taken`
  }
  if (!typeFits(sender.type, receiver.type)) return `${sender.type} is sent, ${receiver.type} is taken`
  if ((sender.maxBytes ?? Infinity) > (receiver.maxBytes ?? Infinity)) {
    return `${sender.maxBytes === undefined ? 'any number of' : `up to ${sender.maxBytes}`} bytes are sent, ${receiver.maxBytes} are taken`
  }
  return isDescribed ? undefined : (rangeProblem(sender, receiver) ?? unitProblem(sender, receiver))
}

function typeFits(sender: ScalarType, receiver: ScalarType): boolean {
  if (sender === receiver || EXACT_IN[receiver]?.includes(sender)) return true
  const [s, r] = [integerOf(sender), integerOf(receiver)]
  if (!s || !r) return false
  if (s.isSigned) return r.isSigned && r.bits >= s.bits
  return r.isSigned ? r.bits > s.bits : r.bits >= s.bits
}

function integerOf(type: ScalarType): { readonly isSigned: boolean; readonly bits: number } | undefined {
  const [, sign, bits] = /^([ui])(\d+)$/.exec(type) ?? []
  return sign === undefined ? undefined : { isSigned: sign === 'i', bits: Number(bits) }
}

type Scalar = Extract<NormalField, { kind: 'scalar' }>

/** Few check a range on arrival: what a sender may send has to be what the receiver was written for. */
function rangeProblem(sender: Scalar, receiver: Scalar): string | undefined {
  const [low, high] = valuesOf(sender)
  const [lowest, highest] = valuesOf(receiver)
  const below = receiver.min !== undefined && low < lowest
  const above = receiver.max !== undefined && high > highest
  if (!below && !above) return undefined
  // A limit such as 0.1 is a little more in 32 bits than in 64.
  const isRounded = sender.type === 'f32' && receiver.type === 'f64'
  return `${rangeOf(sender, isRounded)} is sent, ${rangeOf(receiver, false)} is expected`
}

/** The smallest and the largest value that a field lets through: integers by their type, f32 as rounded on the way. */
function valuesOf({ type, min = -Infinity, max = Infinity }: Scalar): readonly [number, number] {
  if (type === 'f32') return [Math.fround(min), Math.fround(max)]
  const integer = integerOf(type)
  if (!integer) return [min, max]
  const { isSigned, bits } = integer
  const low = isSigned ? -(2 ** (bits - 1)) : 0
  const high = 2 ** (isSigned ? bits - 1 : bits) - 1
  return [Math.max(low, Math.ceil(min)), Math.min(high, Math.floor(max))]
}

function rangeOf({ min, max }: Scalar, isRounded: boolean): string {
  if (min === undefined && max === undefined) return 'the whole range'
  const [low, high] = [min, max].map((end) => (end === undefined ? '...' : isRounded ? Math.fround(end) : end))
  return `${low} to ${high}`
}

/** A unit that was added or left out says the same as before; another one is another quantity. */
function unitProblem(sender: { readonly unit?: string }, receiver: { readonly unit?: string }): string | undefined {
  if (sender.unit === undefined || receiver.unit === undefined || sender.unit === receiver.unit) return undefined
  return `${sender.unit} is sent, ${receiver.unit} is expected`
}

function shapeOf(field: NormalField): string {
  return field.kind === 'array' ? `an array of ${field.array}` : field.type
}
