/** YAML, and JSON as a part of it, to plain values: what is not plain is an error, with its place in the text. */

import {
  type Document,
  isCollection,
  isScalar,
  LineCounter,
  parseDocument,
  type ScalarTag,
  visit,
  type YAMLError,
} from 'yaml'

export type YamlText =
  | { readonly ok: true; readonly value: unknown; readonly document: Document; readonly lines: LineCounter }
  /** `at` is `:line:column`, or empty where the parser does not say. */
  | { readonly ok: false; readonly at: string; readonly problem: string; readonly cause: unknown }

/** @param tags  that this kind of file may have; every other one is an error */
export function readYaml(text: string, tags: readonly ScalarTag[] = []): YamlText {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, customTags: [...tags] })
  // A warning is of a tag that nobody here knows, such as !secret: its value would be taken as it is written.
  const broken = document.errors[0] ?? document.warnings[0]
  if (broken) return { ok: false, ...described(broken), cause: broken }
  const wrongKey = firstWrongKey(document) ?? firstAliasWithin(document)
  if (wrongKey !== undefined) {
    const { line, col } = lines.linePos(wrongKey.offset)
    return { ok: false, at: `:${line}:${col}`, problem: wrongKey.problem, cause: undefined }
  }
  try {
    return { ok: true, value: document.toJS(), document, lines }
  } catch (error) {
    // Aliases are looked at only now: one of an anchor that is not there, or so many that they would fill the memory.
    return { ok: false, at: '', problem: firstLine((error as Error).message), cause: error }
  }
}

/** Checks go by the keys of an object: `__proto__` is of every object and would be passed over, and of a table or a list in the place
 * of a key the parser would make a text, with a warning of its own. */
function firstWrongKey(document: Document): { readonly offset: number; readonly problem: string } | undefined {
  let found: { offset: number; problem: string } | undefined
  visit(document, {
    Pair(_position, { key }) {
      const problem = isCollection(key)
        ? 'a key is a text, not a table or a list'
        : isScalar(key) && key.value === '__proto__'
          ? 'a key must not be called __proto__'
          : undefined
      if (problem === undefined) return undefined
      found = { offset: (key as { range?: readonly number[] | null }).range?.[0] ?? 0, problem }
      return visit.BREAK
    },
  })
  return found
}

/** A table or a list that has itself in it is no tree, and would be walked for ever. */
function firstAliasWithin(document: Document): { readonly offset: number; readonly problem: string } | undefined {
  let found: { offset: number; problem: string } | undefined
  visit(document, {
    Alias(_position, alias, parents) {
      const target = alias.resolve(document)
      if (target === undefined || !parents.includes(target as (typeof parents)[number])) return undefined
      found = { offset: alias.range?.[0] ?? 0, problem: `*${alias.source} stands within what it means` }
      return visit.BREAK
    },
  })
  return found
}

function described(error: YAMLError): { at: string; problem: string } {
  const at = error.linePos?.[0]
  if (error.code === 'MULTIPLE_DOCS')
    return { at: placeOf(at), problem: 'a file has one document, without --- between' }
  const problem = firstLine(error.message).replace(/ at line \d+, column \d+:?$/, '')
  return { at: placeOf(at), problem }
}

function placeOf(at: { readonly line: number; readonly col: number } | undefined): string {
  return at ? `:${at.line}:${at.col}` : ''
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0]!.replace(/:$/, '')
}
