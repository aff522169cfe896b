export function keywordsOf(headers: readonly string[]): string
