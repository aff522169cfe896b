export const API_PAGE: string
export function apiPage(directory: string): string
