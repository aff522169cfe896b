/** Runs the short version of a run of scripts/soak. */

export interface SoakResult {
  readonly ok: boolean
}

/** @returns the results that missed their target */
export async function runShort(name: string, seed: number): Promise<readonly SoakResult[]> {
  const { run } = (await import(`../../../scripts/soak/${name}.mjs`)) as {
    run: (options: { seed: number; isFull: boolean }) => AsyncIterable<SoakResult>
  }
  const missed: SoakResult[] = []
  let results = 0
  for await (const result of run({ seed, isFull: false })) {
    results += 1
    if (!result.ok) missed.push(result)
  }
  if (results === 0) throw new Error(`${name} has no results`)
  return missed
}
