/**
 * The user id is hashed because names appear in dashboards and logs. UTF-8 maps all lone surrogates to the same bytes, so the
 * record decides whose session it is.
 */
export async function toUserKey(userId: string): Promise<string> {
  const hash = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(userId))
  return Array.from(new Uint8Array(hash, 0, 16), (byte) => byte.toString(16).padStart(2, '0')).join('')
}
