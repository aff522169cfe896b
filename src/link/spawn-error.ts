/** What it means that a program could not be started, said so that a person knows what to do. */

import { constants } from 'node:fs'
import { access, stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { PortwireError } from '../errors.js'

export async function startError(
  program: string,
  cwd: string | undefined,
  cause: NodeJS.ErrnoException,
): Promise<PortwireError> {
  switch (cause.code) {
    case 'ENOENT':
      if (program.includes('/') && (await exists(resolve(cwd ?? '.', program)))) {
        return new PortwireError('PORT_FAILED', `${program} is there, but not the interpreter that it names`, {
          cause,
          hint: 'Correct its first line (#!), or install that interpreter.',
        })
      }
      return new PortwireError('PORT_NOT_FOUND', `there is no program ${program}`, {
        cause,
        hint: 'Give a path, or a name that is found in PATH.',
      })
    case 'EACCES':
      return new PortwireError('PERMISSION_DENIED', `${program} may not be run by this user`, {
        cause,
        hint: `Make it executable: chmod +x ${program}`,
      })
    case 'EMFILE':
    case 'ENFILE':
      return new PortwireError('PORT_FAILED', `${program} could not be started: too many files are open`, {
        cause,
        hint: 'Raise the limit of open files (ulimit -n), or close ports.',
      })
    default:
      return new PortwireError('PORT_FAILED', `${program} could not be started: ${cause.message}`, { cause })
  }
}

/** spawn says ENOENT for a missing folder too, as if the program were missing. */
export async function checkFolder(cwd: string | undefined): Promise<void> {
  if (cwd === undefined) return
  const isFolder = await stat(cwd).then(
    (s) => s.isDirectory(),
    () => false,
  )
  if (!isFolder) throw new PortwireError('PORT_FAILED', `cwd: there is no folder ${cwd}`, { hint: 'Correct cwd.' })
  await access(cwd, constants.X_OK).catch((cause) => {
    throw new PortwireError('PERMISSION_DENIED', `cwd: this user may not enter ${cwd}`, { cause, hint: 'Correct cwd.' })
  })
}

function exists(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  )
}
