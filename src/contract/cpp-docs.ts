/** What a contract says about its members, as comments of C++. */

import { commentText } from './cpp-names.js'
import type { NormalField } from './model.js'

/** A `///` line, or none where there is nothing to say. */
export function docLines(doc: string): string[] {
  const text = commentText(doc)
  return text === '' ? [] : [`/// ${text}`]
}

/** `How far it opens; 0 to 100 %`: its own words, its range or longest length, its unit; '' where it has none of them. */
export function memberDoc(field: NormalField): string {
  const range = [sizeOf(field), commentText(field.unit ?? '')].filter(Boolean).join(' ')
  return [commentText(field.doc ?? ''), range].filter(Boolean).join('; ')
}

function sizeOf(field: NormalField): string {
  if (field.kind === 'array') return `up to ${field.maxItems} items`
  const { min, max, maxBytes } = field
  if (maxBytes !== undefined) return `up to ${maxBytes} bytes`
  if (min !== undefined && max !== undefined) return `${min} to ${max}`
  if (min !== undefined) return `at least ${min}`
  return max === undefined ? '' : `at most ${max}`
}
