/** From older versions of the file format to the newest, a step a version; pure. */

/** Of the format that this portwire writes and reads. */
export const CONFIG_VERSION = 1

/** One step: from a file of version `from` to the same of version `from + 1`. The version itself is set by who applies it. */
export interface Migration {
  readonly from: number
  readonly apply: (file: Readonly<Record<string, unknown>>) => Readonly<Record<string, unknown>>
}

/** Version 1 is the first. */
export const MIGRATIONS: readonly Migration[] = []

export type Migrated =
  /** `from`: the version that was written, when it is an older one. */
  | { readonly ok: true; readonly value: unknown; readonly from?: number }
  | { readonly ok: false; readonly problem: string }

/** What has no version that is a number is left as it is, for the schema to refuse. */
export function migrated(
  written: unknown,
  migrations: readonly Migration[] = MIGRATIONS,
  newest: number = CONFIG_VERSION,
): Migrated {
  const version = (written as { version?: unknown } | null | undefined)?.version
  if (!Number.isInteger(version) || version === newest) return { ok: true, value: written }
  const from = version as number
  if (from > newest) {
    const cure = `update this one (npm install portwire@latest), or go back to a file of version ${newest}`
    return { ok: false, problem: `version: expected ${newest}, got ${from}: it is for a newer portwire; ${cure}` }
  }
  let value = written as Readonly<Record<string, unknown>>
  for (let at = from; at < newest; at++) {
    const step = migrations.find((migration) => migration.from === at)
    if (!step) return { ok: false, problem: `version: expected ${newest}, got ${from}, which never was` }
    value = { ...step.apply(value), version: at + 1 }
  }
  return { ok: true, value, from }
}
