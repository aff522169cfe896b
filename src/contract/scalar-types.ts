/** The types of one value on the wire, as words. */

import type { ScalarType } from './types.js'

export const SCALAR_TYPE_NAMES = [
  'bool',
  'u8',
  'u16',
  'u32',
  'u64',
  'i8',
  'i16',
  'i32',
  'i64',
  'f32',
  'f64',
  'str',
  'bytes',
] as const satisfies readonly ScalarType[]

export const SCALAR_TYPES: ReadonlySet<string> = new Set(SCALAR_TYPE_NAMES)
