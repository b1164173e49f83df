/** `Vary` names each header once; `*` says all of them. */
export function joinVary(present: string, added: string): string {
  const names = present
    .toLowerCase()
    .split(',')
    .map((name) => name.trim())
  return names.includes('*') || names.includes(added.toLowerCase()) ? present : `${present}, ${added}`
}
