/** Links between the pages of the documentation. */

import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { root } from './build.js'
import { pages } from './doc-blocks.js'

/** GitHub's anchor of a heading. */
const anchorOf = (heading: string) =>
  heading
    .toLowerCase()
    .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replace(/\s/g, '-')

const anchorsOf = (file: string) => {
  const text = readFileSync(file, 'utf8').replace(/^```.*?^```$/gms, '')
  return [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading]) => anchorOf(heading!))
}

describe.each(pages())('%s', (page) => {
  it('has links to files that are there, and to headings that are in them', () => {
    const text = readFileSync(path.join(root, page), 'utf8').replace(/^```.*?^```$/gms, '')
    const links = [...text.matchAll(/\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)/g)]
    const broken = links.filter(([, file, anchor]) => {
      const target = path.join(root, file === '' ? page : path.join(path.dirname(page), file!))
      return !existsSync(target) || (anchor !== undefined && !anchorsOf(target).includes(anchor))
    })
    expect(broken.map(([link]) => link)).toEqual([])
  })
})
