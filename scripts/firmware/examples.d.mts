export interface Example {
  readonly title: string
  readonly name: string
  readonly contract: string
  readonly contractFile: string
  readonly folder: string
  readonly sketch: string
  readonly header: string
}

export const EXAMPLES: readonly Example[]
export function buildExamples(options: { build: string; library: string }): Promise<void>
