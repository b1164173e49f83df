/** Lists each header once in `Vary`; `*` covers all. */
export function joinVary(present: string, added: string): string {
  const names = present
    .toLowerCase()
    .split(',')
    .map((name) => name.trim())
  return names.includes('*') || names.includes(added.toLowerCase()) ? present : `${present}, ${added}`
}
