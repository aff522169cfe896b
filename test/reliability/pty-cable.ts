/** A native board behind a real pty whose cable can be pulled: the same path after each plug, another tty behind it. */

import { mkdtempSync, renameSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type NativeBoard, startNative } from '../../src/testing/native.js'

export interface PtyCable {
  readonly path: string
  /** The tty hangs up, and its name goes. Resolves when the board is gone. */
  unplug(): Promise<void>
  /** Resolves when the name is there again. */
  plug(): Promise<void>
  stop(): Promise<void>
}

export const PROGRAM = 'build/firmware/native/greenhouse'

/** @returns a board that is plugged */
export async function createPtyCable(): Promise<PtyCable> {
  const folder = mkdtempSync(join(tmpdir(), 'portwire-cable-'))
  const path = join(folder, 'tty')
  let board: NativeBoard | undefined
  const unplug = async () => {
    rmSync(path, { force: true })
    board?.kill()
    await board?.exited
    board = undefined
  }
  const plug = async () => {
    board = await startNative(PROGRAM)
    // In one step, as a device node appears.
    symlinkSync(board.path, join(folder, 'new'))
    renameSync(join(folder, 'new'), path)
  }
  await plug()
  return {
    path,
    unplug,
    plug,
    async stop() {
      await unplug()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
