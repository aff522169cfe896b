/** Reads test/vectors: the rows that this implementation and the device library in C++ both have to satisfy. */

import { readFileSync } from 'node:fs'
import type { DropReason } from '../../src/wire/index.js'

export interface FramesFile {
  readonly send: readonly { readonly name: string; readonly content: string; readonly wire: string }[]
  readonly receive: readonly {
    readonly name: string
    readonly wire: string
    readonly maxContentBytes: number
    readonly events: readonly FrameVectorEvent[]
  }[]
}
export type FrameVectorEvent =
  | { readonly content: string }
  | { readonly console: string }
  | { readonly drop: DropReason }

export interface PacketsFile {
  readonly send: readonly {
    readonly name: string
    readonly prefixBytes: 1 | 2 | 4
    readonly content: string
    readonly wire: string
  }[]
  readonly receive: readonly {
    readonly name: string
    readonly prefixBytes: 1 | 2 | 4
    readonly maxContentBytes: number
    readonly wire: string
    readonly events: readonly PacketVectorEvent[]
  }[]
}
export type PacketVectorEvent = { readonly content: string } | { readonly oversize: number }

export interface MessagesFile {
  readonly good: readonly {
    readonly name: string
    readonly content: string
    readonly action: number
    readonly token: number
    readonly value: unknown
  }[]
  readonly bad: readonly { readonly name: string; readonly content: string; readonly reason: string }[]
}

export interface ValuesFile {
  readonly good: readonly { readonly name: string; readonly hex: string; readonly value: unknown }[]
  readonly alsoAccepted: readonly { readonly name: string; readonly hex: string; readonly value: unknown }[]
  readonly bad: readonly { readonly name: string; readonly hex: string; readonly reason: string }[]
}

export interface MsgpaxFile {
  readonly values: readonly {
    readonly name: string
    readonly hex: string
    readonly value: unknown
    readonly sentAs?: string
  }[]
  readonly refused: readonly { readonly name: string; readonly hex: string; readonly reason: string }[]
}

export function readVectors(name: 'frames'): FramesFile
export function readVectors(name: 'packets'): PacketsFile
export function readVectors(name: 'messages'): MessagesFile
export function readVectors(name: 'values'): ValuesFile
export function readVectors(name: 'msgpax'): MsgpaxFile
export function readVectors(name: string): unknown {
  return JSON.parse(readFileSync(new URL(`../vectors/${name}.json`, import.meta.url), 'utf8'))
}

export function fromHex(hex: string): Uint8Array {
  return new Uint8Array(Buffer.from(hex, 'hex'))
}

export function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}

/** A value as a codec takes and gives it, from JSON in which `$u64`, `$i64`, `$f32`, `$f64` and `$bytes` say what JSON cannot. */
export function fromTagged(tagged: unknown): unknown {
  if (Array.isArray(tagged)) return tagged.map(fromTagged)
  if (tagged === null || typeof tagged !== 'object') return tagged
  const [[tag, member] = ['', undefined], ...more] = Object.entries(tagged)
  if (more.length === 0) {
    if (tag === '$u64' || tag === '$i64') return BigInt(member as string)
    if (tag === '$f32' || tag === '$f64') return Number(member)
    if (tag === '$bytes') return fromHex(member as string)
  }
  return Object.fromEntries(Object.entries(tagged).map(([key, inner]) => [key, fromTagged(inner)]))
}

export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts))
}
