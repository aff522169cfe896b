/** The values of programs that exist already: msgpack as Erlang's and Elixir's clients write it, with floats always in 64
 * bits, since a program that was written by hand may know no other, and never NaN or an infinity, which those refuse. */

import { Encoder } from '@msgpack/msgpack'
import {
  createValueCodec,
  createValuePreparation,
  DEFAULT_VALUE_LIMITS,
  type ValueCodec,
  type ValueLimits,
} from '../../wire/index.js'

/** @param limits for what is received; what is sent may be as long as its packet */
export function createActionCodec(limits: Partial<ValueLimits>): ValueCodec {
  const sentLimits = { ...DEFAULT_VALUE_LIMITS, ...limits, maxStringBytes: 0x7fffffff, maxBinaryBytes: 0x7fffffff }
  const prepare = createValuePreparation(sentLimits, { finiteOnly: true })
  const encoder = new Encoder({ useBigInt64: true, forceFloat32: false, initialBufferSize: 256 })

  const encodeShared = (value: unknown): Uint8Array => encoder.encodeSharedRef(prepare(value).value)

  return {
    encodeShared,
    encode: (value) => encodeShared(value).slice(),
    decode: createValueCodec(limits).decode,
  }
}
