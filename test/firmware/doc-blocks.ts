/** The code that a page of the documentation shows. */

import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { root } from './build.js'

export interface Block {
  readonly page: string
  /** Of its first line of code, counted from 1. */
  readonly line: number
  readonly language: string
  /** What stands behind the language: `native` or `avr`, where C++ is meant for one of them. */
  readonly target: string
  /** The file that it is, where the line before it says so: `` `pump.yaml`: ``. */
  readonly file: string | undefined
  readonly text: string
}

/** The fenced blocks of a page, in its order. */
export function blocksOf(page: string): Block[] {
  const text = readFileSync(path.join(root, page), 'utf8')
  return [...text.matchAll(/^```(\w+)(?: (\w+))?\n(.*?)^```$/gms)].map((match) => {
    const before = text.slice(0, match.index)
    return {
      page,
      line: before.split('\n').length + 1,
      language: match[1]!,
      target: match[2] ?? '',
      file: /`([\w.]+)`:\n\n$/.exec(before)?.[1],
      text: match[3]!,
    }
  })
}

/** All pages of the documentation. */
export function pages(): string[] {
  const docs = readdirSync(path.join(root, 'docs')).filter((name) => name.endsWith('.md'))
  return ['README.md', 'firmware/lib/portwire/README.md', ...docs.map((name) => `docs/${name}`)]
}

/** The C++ of a page as whole sources: a block without an #include stands behind the nearest one before it that has some. */
export function sourcesOf(page: string): (Block & { readonly source: string })[] {
  let whole = ''
  return blocksOf(page)
    .filter(({ language }) => language === 'cpp')
    .map((block) => {
      if (block.text.includes('#include')) whole = block.text
      return { ...block, source: whole === block.text ? whole : `${whole}\n${block.text}` }
    })
}

/** The files that a page shows, by name. */
export function filesOf(page: string): Map<string, string> {
  return new Map(blocksOf(page).flatMap(({ file, text }) => (file === undefined ? [] : [[file, text] as const])))
}
