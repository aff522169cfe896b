import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
// @ts-expect-error a plain script, shared with `npm run docs:limits`
import { limitRows } from '../scripts/limits.mjs'

describe('docs/limits.md', () => {
  it('names every limit with its value, and nothing else', async () => {
    const load = (file: string) => import(/* @vite-ignore */ new URL(`../src/${file}.ts`, import.meta.url).pathname)
    const rows: string[] = await limitRows('', load)
    const page = readFileSync('docs/limits.md', 'utf8')
    expect(page.split('| --- | --- | --- |\n')[1]).toBe(rows.join(''))
    expect(rows.length).toBeGreaterThan(40)
  })
})
