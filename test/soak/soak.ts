/** What a long run is given and what it says. `npm run soak` runs it in full, a test its short version. */

export interface SoakOptions {
  /** Of everything that is random. */
  readonly seed: number
  /** In full, or the short version that fits a test suite. */
  readonly isFull: boolean
}

export interface SoakResult {
  /** What was done, one line. */
  readonly what: string
  readonly figures: Readonly<Record<string, number | string>>
  /** What the figures have to be, for a person. */
  readonly target: string
  readonly ok: boolean
}

export type Soak = (options: SoakOptions) => AsyncIterable<SoakResult>
