/** Values as msgpack, strictly: one meaning for every accepted byte string, within limits, whatever the peer sends. */

import { Encoder } from '@msgpack/msgpack'
import { createValuePreparation } from './value-prepare.js'
import { createValueReader } from './value-read.js'
import { type BadValue, createValueScan, DEFAULT_VALUE_LIMITS, type ValueLimits } from './value-scan.js'
import { createCommonValueWriter } from './value-write.js'

export type DecodedValue =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly reason: BadValue }

export interface ValueCodec {
  /** Integers in the shortest form; other numbers as float 32 when that is exact for all of them in the value, else as
   * float 64; `undefined` as nil; a Uint8Array as bin; plain objects as maps.
   * @throws TypeError   something that msgpack cannot say, or that the peer would have to refuse
   * @throws RangeError  beyond a limit of this codec, or an integer beyond 64 bits */
  encode(value: unknown): Uint8Array
  /** `encode` without a copy: the bytes are valid until the next call of either. */
  encodeShared(value: unknown): Uint8Array
  /** Decodes the one value that fills `bytes` from `offset` on. Integers are numbers when those are exact, else bigints;
   * maps are objects without a prototype; nothing of `bytes` is kept. Never throws. */
  decode(bytes: Uint8Array, offset?: number): DecodedValue
}

export interface ValueCodecOptions {
  /** Float 32 where that is exact, as `encode` has it; false: always float 64. Default true. */
  readonly shortFloats?: boolean
  /** NaN and the infinities are refused: Erlang and Elixir have no such floats. Default false. */
  readonly finiteOnly?: boolean
  /** Limits for what is sent, where they are others than for what is received. */
  readonly sentLimits?: Partial<ValueLimits>
}

/** A codec with its own buffers: one a port, reused for every value. */
export function createValueCodec(limits: Partial<ValueLimits> = {}, options: ValueCodecOptions = {}): ValueCodec {
  const { shortFloats = true, finiteOnly = false } = options
  const allLimits: ValueLimits = { ...DEFAULT_VALUE_LIMITS, ...limits }
  const sentLimits: ValueLimits = { ...allLimits, ...options.sentLimits }
  const writeCommon = createCommonValueWriter(sentLimits)
  const prepare = createValuePreparation(sentLimits, { finiteOnly })
  const scan = createValueScan(allLimits)
  const read = createValueReader()
  // The library decides on the width of floats per encoder, not per number.
  const encoders = {
    32: new Encoder({ useBigInt64: true, forceFloat32: shortFloats, initialBufferSize: 256 }),
    64: new Encoder({ useBigInt64: true, forceFloat32: false, initialBufferSize: 256 }),
  } as const

  const encodeShared = (value: unknown): Uint8Array => {
    const common = writeCommon(value)
    if (common) return common
    const prepared = prepare(value)
    return encoders[prepared.floatBits].encodeSharedRef(prepared.value)
  }

  return {
    encodeShared,

    encode: (value) => encodeShared(value).slice(),

    decode(bytes, offset = 0) {
      const reason = scan(bytes, offset)
      return reason === undefined ? { ok: true, value: read(bytes, offset) } : { ok: false, reason }
    },
  }
}
