export function withTable(page: string, schema: unknown): string
export function table(schema: unknown): string
