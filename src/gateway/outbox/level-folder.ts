/** The folder of an outbox on disk: `db`, a LevelDB database, and `mark`. All of it may be read by the owner only. Beside it
 * `<folder>.lock`, which says who has it, and `<folder>.successor` while it is rebuilt; afterwards `<folder>.quarantine-<time>`,
 * which nobody but a person removes. */

import {
  chmodSync,
  closeSync,
  constants,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { findDamagedFile, readRemains } from './level-salvage.js'
import { openLevelStore } from './level-store.js'
import { decodeMark, encodeMark } from './record.js'
import { type OutboxFolder, OutboxHeldError, type Store, StoreDamagedError } from './store.js'

const DIRECTORY_MODE = 0o700
const FILE_MODE = 0o600

/** @param now  wall-clock time, for the name of what is put aside */
export function createLevelFolder(path: string, now: () => Date = () => new Date()): OutboxFolder {
  const successor = `${path}.successor`
  const lockPath = `${path}.lock`
  let locked: Store | undefined
  let marks: number | undefined

  const closeMarks = () => {
    if (marks !== undefined) closeSync(marks)
    marks = undefined
  }

  return {
    path,
    async lock() {
      mkdirSync(lockPath, { recursive: true, mode: DIRECTORY_MODE })
      chmodSync(lockPath, DIRECTORY_MODE)
      try {
        locked ??= await openLock(lockPath)
      } catch (error) {
        throw error instanceof OutboxHeldError ? new OutboxHeldError(heldBy(path, lockPath)) : error
      }
      try {
        writeFileSync(join(lockPath, 'holder'), `${process.pid}\n`, { mode: FILE_MODE })
      } catch {
        // On a full disk a second gateway is told less.
      }
    },
    async release() {
      await locked?.close()
      locked = undefined
    },
    async findDamage() {
      // Killed between the two renames of `succeed`: the successor was whole by then. Otherwise it is half a one.
      if (existsSync(successor) && !existsSync(path)) renameSync(successor, path)
      return await findDamagedFile(join(path, 'db'))
    },
    async open() {
      mkdirSync(path, { recursive: true, mode: DIRECTORY_MODE })
      chmodSync(path, DIRECTORY_MODE)
      const store = await openLevelStore(join(path, 'db'))
      return {
        ...store,
        async close() {
          closeMarks()
          await store.close()
        },
      }
    },
    readMark() {
      try {
        return decodeMark(readFileSync(join(path, 'mark')))
      } catch {
        return undefined // A new outbox has none, and a damaged one is the same as none.
      }
    },
    writeMark(mark) {
      marks ??= openSync(join(path, 'mark'), constants.O_RDWR | constants.O_CREAT, FILE_MODE)
      writeSync(marks, encodeMark(mark), 0, undefined, 0)
    },
    readRemains: (withoutUnreadable) => readRemains(join(path, 'db'), withoutUnreadable),
    async openSuccessor() {
      rmSync(successor, { recursive: true, force: true })
      mkdirSync(successor, { mode: DIRECTORY_MODE })
      return await openLevelStore(join(successor, 'db'))
    },
    succeed(mark) {
      closeMarks()
      writeFileSync(join(successor, 'mark'), encodeMark(mark), { mode: FILE_MODE })
      const aside = freeName(`${path}.quarantine-${now().toISOString().replaceAll(/[-:.]/g, '')}`)
      renameSync(path, aside)
      renameSync(successor, path)
      syncDirectory(dirname(path))
      return aside
    },
  }
}

/** LevelDB locks what it opens, where Node has no such lock: a database with nothing in it stands for the folder, whose own may
 * not be opened before its files were looked at. */
async function openLock(path: string): Promise<Store> {
  try {
    return await openLevelStore(path)
  } catch (error) {
    if (!(error instanceof StoreDamagedError)) throw error
    rmSync(path, { recursive: true, force: true })
    mkdirSync(path, { mode: DIRECTORY_MODE })
    return await openLevelStore(path)
  }
}

function heldBy(path: string, lockPath: string): string {
  let holder = ''
  try {
    holder = readFileSync(join(lockPath, 'holder'), 'utf8').trim()
  } catch {
    // It is not known.
  }
  return `the outbox ${path} is in use${/^\d+$/.test(holder) ? ` by process ${holder}` : ''}: each gateway needs its own`
}

function freeName(name: string): string {
  if (!existsSync(name)) return name
  for (let more = 2; ; more++) if (!existsSync(`${name}-${more}`)) return `${name}-${more}`
}

/** A rename is on the disk when its directory is. */
function syncDirectory(path: string): void {
  const directory = openSync(path, constants.O_RDONLY)
  try {
    fsyncSync(directory)
  } finally {
    closeSync(directory)
  }
}
