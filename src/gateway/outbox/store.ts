/** What the outbox needs of a disk. Positions are whole numbers from 0, each used once. */

import type { LastNumber, Mark } from './record.js'

export type StoreOperation =
  | { readonly kind: 'put'; readonly position: number; readonly value: Buffer }
  | { readonly kind: 'delete'; readonly position: number }
  | { readonly kind: 'number'; readonly device: string; readonly last: LastNumber }
  | { readonly kind: 'mark'; readonly mark: Mark }

export interface StoredEntry {
  readonly position: number
  readonly value: Buffer
}

export interface Store {
  /** All of them or none. @param sync  they are on the disk, not only with the operating system, when it resolves */
  write(operations: readonly StoreOperation[], sync: boolean): Promise<void>
  /** What is there from `from` on, below `below`, ascending; at most `most` entries and about LIMITS.outboxReadBytes of them.
   * Empty when there is nothing. Rejects when something there cannot be read. */
  read(from: number, below: number, most: number): Promise<readonly StoredEntry[]>
  /** The newest position; undefined when there is none. */
  last(): Promise<number | undefined>
  /** Those that are whole. */
  numbers(): Promise<ReadonlyMap<string, LastNumber>>
  mark(): Promise<Mark | undefined>
  close(): Promise<void>
}

/** The folder of an outbox: its database, and the mark beside it. Everything in it is for one gateway only. */
export interface OutboxFolder {
  /** For messages. */
  readonly path: string
  /** Makes the folder this process's own, until `release`.
   * @throws OutboxHeldError  another process has it */
  lock(): Promise<void>
  release(): Promise<void>
  /** What is wrong with its files; they are to be looked at before they are opened. Undefined: nothing that can be seen. */
  findDamage(): Promise<string | undefined>
  /** Opens the database, making it when there is none.
   * @throws StoreDamagedError  it cannot be opened as it is
   * @throws Error  anything else, such as a full disk, may pass */
  open(): Promise<Store>
  /** Undefined when there is none or it is damaged. */
  readMark(): Mark | undefined
  /** In place: needs no room on the disk. */
  writeMark(mark: Mark): void
  /** What can be read of a damaged database, which is closed.
   * @param withoutUnreadable  true: files that the disk cannot read (EIO) are left out; false: rejects */
  readRemains(withoutUnreadable: boolean): Promise<Remains>
  /** A new database beside the old one, empty. */
  openSuccessor(): Promise<Store>
  /** Puts the old one aside and the successor in its place, both closed.
   * @returns where the old one is now */
  succeed(mark: Mark): string
}

/** What is left of a damaged database. */
export interface Remains {
  readonly mark: Mark | undefined
  readonly numbers: ReadonlyMap<string, LastNumber>
  /** By position; those that are whole. */
  readonly events: ReadonlyMap<number, RemainingEvent>
}

export interface RemainingEvent {
  readonly value: Buffer
  /** Undefined: it is over, a tombstone. */
  readonly device: string | undefined
}

export class OutboxHeldError extends Error {
  override readonly name = 'OutboxHeldError'
}

export class StoreDamagedError extends Error {
  override readonly name = 'StoreDamagedError'
}

/** EIO: the disk says that it cannot read this, now or ever. LevelDB hands on the words of strerror only. */
export function isUnreadable(error: unknown): boolean {
  const { code, message } = error as { readonly code?: unknown; readonly message?: unknown }
  return code === 'EIO' || /input\/output error/i.test(String(message))
}
