/** A folder whose disk is in memory, and which can fail: the database outlives its closing, as on a disk. */

import { decodeRecord, type LastNumber, type Mark, TOMBSTONE } from '../../../src/gateway/outbox/record.js'
import { type OutboxFolder, type Store, StoreDamagedError } from '../../../src/gateway/outbox/store.js'

export interface MemoryFolder extends OutboxFolder {
  readonly values: Map<number, Buffer>
  /** Batches that were written, with what is promised of them. */
  readonly batches: { readonly puts: number; readonly sync: boolean }[]
  readonly opens: number
  /** Called before a write; what it throws is the write's failure. */
  beforeWrite: () => void | Promise<void>
  /** True: what a failing write held is there nevertheless. */
  keepsFailed: boolean
  beforeOpen: () => void
  asides: number
}

export function createMemoryFolder(): MemoryFolder {
  let db = newDb()
  let successor: Db | undefined
  let mark: Mark | undefined
  const folder: MemoryFolder = {
    path: '/memory/outbox',
    get values() {
      return db.values
    },
    batches: [],
    opens: 0,
    beforeWrite: () => {},
    beforeOpen: () => {},
    keepsFailed: false,
    asides: 0,
    async open() {
      folder.beforeOpen()
      Object.assign(folder, { opens: folder.opens + 1 })
      return storeOver(db)
    },
    readMark: () => mark,
    writeMark(next) {
      mark = next
    },
    lock: async () => {},
    release: async () => {},
    findDamage: async () => undefined,
    readRemains: async () => {
      const events = [...db.values].flatMap(([position, value]) => {
        const device = decodeRecord(position, value)?.device
        return value.length === 0 || device !== undefined ? [[position, { value, device }] as const] : []
      })
      return { mark: db.mark, numbers: db.numbers, events: new Map(events) }
    },
    async openSuccessor() {
      successor = newDb()
      return storeOver(successor)
    },
    succeed(next) {
      db = successor!
      mark = next
      folder.asides += 1
      return `/memory/outbox.quarantine-${folder.asides}`
    },
  }

  function storeOver(own: Db): Store {
    let isBroken = false
    return {
      async write(operations, sync) {
        if (isBroken) throw new Error('IO error: an earlier write failed')
        const apply = () => {
          for (const operation of operations) {
            if (operation.kind === 'put') own.values.set(operation.position, operation.value)
            else if (operation.kind === 'delete') own.values.delete(operation.position)
            else if (operation.kind === 'number') own.numbers.set(operation.device, operation.last)
            else own.mark = operation.mark
          }
        }
        try {
          await folder.beforeWrite()
        } catch (error) {
          isBroken = true
          if (folder.keepsFailed) apply()
          throw error
        }
        apply()
        const puts = operations.filter(
          ({ kind, ...rest }) => kind === 'put' && (rest as { value: Buffer }).value !== TOMBSTONE,
        )
        folder.batches.push({ puts: puts.length, sync })
      },
      async read(from, below, most) {
        const positions = [...own.values.keys()].filter((at) => at >= from && at < below).sort((a, b) => a - b)
        return positions.slice(0, most).map((position) => ({ position, value: own.values.get(position)! }))
      },
      async last() {
        return own.values.size === 0 ? undefined : Math.max(...own.values.keys())
      },
      numbers: async () => new Map(own.numbers),
      mark: async () => own.mark,
      close: async () => {},
    }
  }
  return folder
}

interface Db {
  readonly values: Map<number, Buffer>
  readonly numbers: Map<string, LastNumber>
  mark: Mark | undefined
}

function newDb(): Db {
  return { values: new Map(), numbers: new Map(), mark: undefined }
}

export function damaged(): never {
  throw new StoreDamagedError('Corruption: no meta-nextfile entry in descriptor')
}
