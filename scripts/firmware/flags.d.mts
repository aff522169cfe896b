export function flagsOf(section: string, key?: string, file?: string): string[]
export function readIni(file: string): Map<string, Map<string, string>>
