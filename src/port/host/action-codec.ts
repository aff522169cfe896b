/** The values of programs that exist already: msgpack as Erlang's and Elixir's clients write it, with floats always in 64
 * bits, since a program that was written by hand may know no other, and never NaN or an infinity, which those refuse. */

import { createValueCodec, type ValueCodec, type ValueLimits } from '../../wire/index.js'

/** @param limits for what is received; what is sent may be as long as its packet */
export function createActionCodec(limits: Partial<ValueLimits>): ValueCodec {
  const sentLimits = { maxStringBytes: 0x7fffffff, maxBinaryBytes: 0x7fffffff }
  return createValueCodec(limits, { shortFloats: false, finiteOnly: true, sentLimits })
}
