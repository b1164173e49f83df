/** Names are shown in dashboards and logs: no user id is among them. Halves of characters are all one to UTF-8, so the record has the last word. */
export async function toUserKey(userId: string): Promise<string> {
  const hash = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(userId))
  return Array.from(new Uint8Array(hash, 0, 16), (byte) => byte.toString(16).padStart(2, '0')).join('')
}
