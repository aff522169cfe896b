/** What a test has counted, beside whether it passed: in the JSON report of Vitest, where `npm run soak -- security` reads it. */

import { onTestFinished } from 'vitest'

export type Figures = Readonly<Record<string, number>>

declare module 'vitest' {
  interface TaskMeta {
    figures?: Figures
  }
}

/** Of the test that runs. What several tests of a promise name alike is added up. */
export function figures(counted: Figures): void {
  onTestFinished(({ task }) => {
    task.meta.figures = counted
  })
}
