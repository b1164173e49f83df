import { basename, resolve } from 'node:path'

/** The name of the package that a folder becomes. */
export function nameOf(folder: string): string {
  return basename(resolve(folder))
}

/** Why npm would refuse the folder's name as the name of a package; `null` if it is right. */
export function whyNotAName(folder: string): string | null {
  if (folder.trim() === '') return 'Give the folder a name.'
  const name = nameOf(folder)
  if (name.length > 214) return 'A name has at most 214 characters.'
  if (name === 'node_modules' || name === 'favicon.ico') return `"${name}" is reserved.`
  if (/^[a-z0-9~-][a-z0-9._~-]*$/.test(name)) return null
  return `"${name}" cannot be the name of a package. Use small letters, digits, hyphens, dots and underscores, and begin with a letter or a digit.`
}
