/** Why a file could not be read, for a person. */

export function unreadable(error: unknown): string {
  switch ((error as NodeJS.ErrnoException).code) {
    case 'ENOENT':
      return 'no such file'
    case 'EACCES':
      return 'this user may not read it'
    case 'EISDIR':
      return 'is a directory'
    default:
      return String((error as Error).message)
  }
}
