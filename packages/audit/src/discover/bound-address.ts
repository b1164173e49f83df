/** `;jsessionid=...`: where servlets write the id for who has shown no cookie yet. */
const PATH_PARAMETER = /;[\w.-]+=[^/;?#]*/g

export const withoutPathParameters = (address: string): string => {
  const [path = '', ...query] = address.split('?')
  return [path.replace(PATH_PARAMETER, ''), ...query].join('?')
}

/** An address without what looks good for one session alone: ids in its path, tokens in its query. */
export function withoutBoundParts(address: string): string {
  const [path = '', query] = withoutPathParameters(address).split('?')
  if (query === undefined) return path
  const kept = query.split('&').filter((pair) => !isRandom(pair.slice(pair.indexOf('=') + 1)))
  return kept.length === 0 ? path : `${path}?${kept.join('&')}`
}

/** Long, and no words: letters and digits mixed, or letters in both cases without a sign between them. */
function isRandom(value: string): boolean {
  if (!/^[\w~.%+/=-]{16,}$/.test(value)) return false
  return /\d/.test(value) ? /[A-Za-z]/.test(value) : /[a-z][A-Z].*[a-z][A-Z].*[a-z][A-Z]/.test(value)
}
