/** The nearest spelling: "did you mean". */

/** A longer word is no name of ours, and the edits of two words take time by the product of their lengths. */
const MAX_CHARS = 64

/** So many letters of a word say which one is meant: `baud` of `baudrate`. */
const MIN_BEGINNING_CHARS = 3

/** The candidate with the fewest edits from `word`: at most a third of its letters may differ. Else one that `word` begins with, or
 * that begins with `word`. Undefined when none is near. */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  if (word.length > MAX_CHARS) return undefined
  const all = [...candidates]
  return byEdits(word, all) ?? all.find((candidate) => isBeginning(candidate, word) || isBeginning(word, candidate))
}

function isBeginning(short: string, long: string): boolean {
  return short.length >= MIN_BEGINNING_CHARS && long.toLowerCase().startsWith(short.toLowerCase())
}

function byEdits(word: string, candidates: Iterable<string>): string | undefined {
  let best: string | undefined
  let bestEdits = Infinity
  for (const candidate of candidates) {
    // There are at least as many edits as the lengths differ by.
    const lengthsDiffer = Math.abs(candidate.length - word.length)
    if (lengthsDiffer >= bestEdits || lengthsDiffer > allowedEdits(word, candidate)) continue
    const edits = editDistance(word.toLowerCase(), candidate.toLowerCase())
    if (edits < bestEdits) {
      best = candidate
      bestEdits = edits
    }
  }
  return bestEdits <= allowedEdits(word, best ?? '') ? best : undefined
}

function allowedEdits(word: string, candidate: string): number {
  return Math.max(1, Math.ceil(Math.max(word.length, candidate.length) / 3))
}

/** ` (did you mean x?)`, or nothing. */
export function didYouMean(word: string, candidates: Iterable<string>): string {
  const near = nearest(word, candidates)
  return near === undefined ? '' : ` (did you mean ${near}?)`
}

/** Insertions, deletions, replacements and swapped neighbours (optimal string alignment). */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const replace = last[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)
      let edits = Math.min(last[j]! + 1, row[j - 1]! + 1, replace)
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        edits = Math.min(edits, beforeLast[j - 2]! + 1)
      row.push(edits)
    }
    beforeLast = last
    last = row
  }
  return last[b.length]!
}
