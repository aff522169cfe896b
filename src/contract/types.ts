/** The vocabulary of a contract and what it means in TypeScript: every type of the Port follows from here by inference. */

import type { ActionEntity, FieldEntity } from './entity.js'

/** A type of one value on the wire. `u64` and `i64` are bigint in TypeScript, all other numbers are number. */
export type ScalarType =
  | 'bool'
  | 'u8'
  | 'u16'
  | 'u32'
  | 'u64'
  | 'i8'
  | 'i16'
  | 'i32'
  | 'i64'
  | 'f32'
  | 'f64'
  | 'str'
  | 'bytes'

/** A scalar with what a reader of the contract wants to know. `min`, `max` and `maxBytes` are checked before sending. */
export interface ScalarField {
  readonly type: ScalarType
  readonly unit?: string
  readonly doc?: string
  /** Smallest and largest value of a number, both allowed. */
  readonly min?: number
  readonly max?: number
  /** Longest `str` (in UTF-8) or `bytes`. */
  readonly maxBytes?: number
  /** Of a field of an event: how a home automation shows it; false: not at all. Not on the wire. */
  readonly entity?: FieldEntity | false
}

/** A homogeneous array of at most `maxItems`. */
export interface ArrayField {
  readonly array: ScalarType
  readonly maxItems: number
  readonly unit?: string
  readonly doc?: string
}

export type Field = ScalarType | ScalarField | ArrayField
/** Named values; on the wire an array by position, in the order listed. */
export type Fields = { readonly [name: string]: Field }
/** Any one value that msgpack can say, unchecked: for programs that exist already and know nothing of contracts. */
export type AnyValue = 'any'

export interface ActionDefinition {
  readonly index?: number
  readonly doc?: string
  readonly args?: Fields | AnyValue
  /** One value, or named values; left out: nothing. */
  readonly result?: Field | Fields | AnyValue
  /** It runs as a job and sends these on its way: one value or named values an item. `port.stream` reads them. */
  readonly stream?: Field | Fields | AnyValue
  /** Doing it twice is the same as doing it once: a call that was written when its session ended (reset, silent, unplugged)
   * goes out again in the next one, within its deadline and in front of calls made later, unless a call behind it may have
   * run. One with a `stream`, one that runs as a job, and one without a deadline are not repeated. Default false. */
  readonly idempotent?: boolean
  /** How a home automation operates it; left out: not at all. Not on the wire. */
  readonly entity?: ActionEntity
}

export interface EventDefinition {
  readonly index?: number
  readonly doc?: string
  readonly fields?: Fields
  /** Reliable: the device keeps it until the consumer on the host has finished. */
  readonly acknowledged?: boolean
}

/** What the device asks of the host. */
export interface RequestDefinition {
  readonly index?: number
  readonly doc?: string
  readonly args?: Fields
  readonly result?: Field | Fields | AnyValue
}

export interface ContractDefinition {
  /** `[A-Za-z0-9_-]{1,64}` */
  readonly name: string
  /** Of the contract, for people; the hash decides whether two sides fit. */
  readonly version: string
  /** `action`: of a program that exists already, for ports with `protocol: 'action'`. It has actions only, with indexes from 0 to
   * 255. Default `portwire`: 0 to 239, the rest is the protocol's own. */
  readonly protocol?: 'portwire' | 'action'
  readonly actions?: { readonly [name: string]: ActionDefinition }
  readonly events?: { readonly [name: string]: EventDefinition }
  readonly requests?: { readonly [name: string]: RequestDefinition }
}

type OfScalar<T extends ScalarType> = T extends 'bool'
  ? boolean
  : T extends 'str'
    ? string
    : T extends 'bytes'
      ? Uint8Array
      : T extends 'u64' | 'i64'
        ? bigint
        : number

export type ValueOf<F> = F extends ScalarType
  ? OfScalar<F>
  : F extends { readonly array: infer T extends ScalarType }
    ? readonly OfScalar<T>[]
    : F extends { readonly type: infer T extends ScalarType }
      ? OfScalar<T>
      : never

export type RecordOf<F> = { readonly [K in keyof F]: ValueOf<F[K]> }

/** A result is one field or a record of them. A record may have a member called `type`, but not one that names a scalar type. */
type ResultValue<R> = R extends AnyValue
  ? unknown
  : R extends Field
    ? ValueOf<R>
    : R extends Fields
      ? RecordOf<R>
      : undefined

type Actions<C> = C extends { readonly actions: infer A } ? A : Record<never, never>
type Requests<C> = C extends { readonly requests: infer R } ? R : Record<never, never>
type Events<C> = C extends { readonly events: infer E } ? E : Record<never, never>

export type ActionName<C> = keyof Actions<C> & string
export type EventName<C> = keyof Events<C> & string
/** Events declared `acknowledged`. */
export type ReliableEventName<C> = {
  [N in EventName<C>]: Events<C>[N] extends { readonly acknowledged: true } ? N : never
}[EventName<C>]
/** Events that are not: the device sends them only while somebody listens, and a lost one is only counted. */
export type PlainEventName<C> = Exclude<EventName<C>, ReliableEventName<C>>

type ArgsValue<M> = M extends { readonly args: infer F }
  ? F extends AnyValue
    ? unknown
    : RecordOf<F>
  : Record<never, never>

export type ArgsOf<C, N extends ActionName<C>> = ArgsValue<Actions<C>[N]>
export type ResultOf<C, N extends ActionName<C>> = Actions<C>[N] extends { readonly result: infer R }
  ? ResultValue<R>
  : undefined
/** Actions that send items on their way. */
export type StreamName<C> = {
  [N in ActionName<C>]: Actions<C>[N] extends { readonly stream: unknown } ? N : never
}[ActionName<C>]
export type ItemOf<C, N extends ActionName<C>> = Actions<C>[N] extends { readonly stream: infer S }
  ? ResultValue<S>
  : never
export type RequestName<C> = keyof Requests<C> & string
export type RequestArgsOf<C, N extends RequestName<C>> = ArgsValue<Requests<C>[N]>
export type RequestResultOf<C, N extends RequestName<C>> = Requests<C>[N] extends { readonly result: infer R }
  ? ResultValue<R>
  : undefined
export type EventOf<C, N extends EventName<C>> = Events<C>[N] extends { readonly fields: infer F }
  ? RecordOf<F>
  : Record<never, never>

/** Where there are no fields, none may be given; of a contract that is known only at run time the type knows nothing. */
export type NoFields<N extends string> = string extends N ? Record<never, never> : { readonly [name: string]: never }

/** Makes `args` optional where the action takes none. */
export type CallArguments<C, N extends ActionName<C>, O> =
  unknown extends ArgsOf<C, N>
    ? [args?: unknown, options?: O]
    : keyof ArgsOf<C, N> extends never
      ? [args?: NoFields<N>, options?: O]
      : [args: ArgsOf<C, N>, options?: O]
