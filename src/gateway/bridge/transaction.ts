/** The transaction of a command, which is given back as it came: numbers of JSON lose digits when they are parsed. */

export interface Transaction {
  readonly value: unknown
  /** As it was written, where that was JSON. */
  readonly text?: string
}

/** An answer in JSON with the transaction of its command as its last member; without one as it is. */
export function jsonWith(answer: object, transaction: Transaction | undefined): string {
  const json = JSON.stringify(answer)
  if (!transaction) return json
  return `${json.slice(0, -1)},"transaction":${transaction.text ?? JSON.stringify(transaction.value)}}`
}

/** How the member of that name is written in an object of JSON, the last one where there are several.
 * @param json  an object that JSON.parse has taken */
export function memberText(json: string, name: string): string | undefined {
  let depth = 0
  let key: string | undefined
  /** Where the text that began last begins; where the value of `key` does. */
  let textFrom = 0
  let from = 0
  let found: string | undefined
  const end = (at: number) => {
    if (key === name) found = json.slice(from, at).trim()
    key = undefined
  }
  for (let at = 0; at < json.length; at++) {
    const char = json[at]!
    if (char === '"') {
      textFrom = at
      at = textEnd(json, at)
    } else if (char === '{' || char === '[') depth += 1
    else if (char === '}' || char === ']') {
      if (depth === 1) end(at)
      depth -= 1
    } else if (depth === 1 && char === ',') end(at)
    else if (depth === 1 && char === ':') {
      key = JSON.parse(json.slice(textFrom, at).trim()) as string
      from = at + 1
    }
  }
  return found
}

/** The quote that ends the text that begins at `from`. */
function textEnd(json: string, from: number): number {
  let at = from + 1
  while (json[at] !== '"') at += json[at] === '\\' ? 2 : 1
  return at
}
