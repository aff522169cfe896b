import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts', 'hil/**/*.test.ts'],
    testTimeout: 20_000,
    // A skipped or focused test must not slip into a green run.
    allowOnly: false,
    passWithNoTests: false,
  },
})
