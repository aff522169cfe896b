/** Loads TypeScript modules of this repository; `change` may rewrite a module as it is loaded (code, path from the root). */
export function createLoader(change?: (code: string, path: string) => string): Promise<{
  load(path: string): Promise<Record<string, unknown>>
  close(): Promise<void>
}>
