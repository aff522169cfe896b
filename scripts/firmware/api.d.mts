export interface ApiEntry {
  readonly kind: 'class' | 'enum' | 'enumerator' | 'function' | 'constant' | 'field' | 'type' | 'macro'
  readonly name: string
  readonly owner: string
  readonly declaration: string
  readonly doc: string
  readonly parameters: readonly string[]
}
export function readApi(header: string): ApiEntry[]
export function undocumented(entries: readonly ApiEntry[]): string[]
export function lineMembers(header: string): Map<string, string>
export function withLineMembers(entries: readonly ApiEntry[], members: ReadonlyMap<string, string>): ApiEntry[]
