/** A path as one word of a command line. */
export function toWord(path: string, platform: NodeJS.Platform = process.platform): string {
  // An option would begin with a hyphen.
  const safe = path.startsWith('-') ? `./${path}` : path
  if (/^[\w./\\+@%,=-]+$/.test(safe)) return safe
  return platform === 'win32' ? `"${safe}"` : `'${safe.replaceAll("'", `'\\''`)}'`
}
