/** YAML, and JSON as a part of it, to plain values: what is not plain is an error, with its place in the text. */

import { type Document, isScalar, LineCounter, parseDocument, type ScalarTag, visit, type YAMLError } from 'yaml'

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
  const offset = offsetOfPrototype(document)
  if (offset !== undefined) {
    const { line, col } = lines.linePos(offset)
    return { ok: false, at: `:${line}:${col}`, problem: 'a key must not be called __proto__', cause: undefined }
  }
  try {
    return { ok: true, value: document.toJS(), document, lines }
  } catch (error) {
    // Aliases are looked at only now: one of an anchor that is not there, or so many that they would fill the memory.
    return { ok: false, at: '', problem: firstLine((error as Error).message), cause: error }
  }
}

/** Checks go by the keys of an object, and this one is of every object: it would be passed over. */
function offsetOfPrototype(document: Document): number | undefined {
  let offset: number | undefined
  visit(document, {
    Pair(_position, { key }) {
      if (!isScalar(key) || key.value !== '__proto__') return undefined
      offset = key.range?.[0] ?? 0
      return visit.BREAK
    },
  })
  return offset
}

function described(error: YAMLError): { at: string; problem: string } {
  const at = error.linePos?.[0]
  const problem = firstLine(error.message).replace(/ at line \d+, column \d+:?$/, '')
  return { at: at ? `:${at.line}:${at.col}` : '', problem }
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0]!.replace(/:$/, '')
}
