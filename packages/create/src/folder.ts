import { existsSync, readdirSync } from 'node:fs'
import { basename, delimiter, dirname, join, resolve } from 'node:path'
import { VERSIONS } from './catalogue.ts'

/** The name of a package whose folder has no letter that npm allows. */
const FALLBACK = 'app'

/** Characters that some file system refuses in a name. */
const UNUSABLE = /[\p{Cc}<>:"|?*\\]/u

/** Names of devices, with any extension, and ends that Windows drops. */
const RESERVED = /^(?:con|prn|aux|nul|(?:com|lpt)[0-9¹²³])(?:\.|$)|[. ]$/i

/** What a folder may have before an application is written into it: a fresh repository, and what editors and systems add. */
const HARMLESS = ['.git', '.github', '.idea', '.vscode', '.DS_Store', 'Thumbs.db']

/** The name of the package: that of the folder, in the letters that npm allows. */
export function nameOf(folder: string): string {
  const name = basename(resolve(folder))
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9._~-]+/g, '-')
    .slice(0, 200)
    .replace(/^[^a-z0-9]+|[^a-z0-9]+$/g, '')
  // In a workspace, a package that is named like one of its dependencies takes the dependency's place.
  return Object.hasOwn(VERSIONS, name) || name === 'favicon.ico' ? `${name}-app` : name || FALLBACK
}

/** Whether a folder above this one has such a file. */
export function hasAbove(folder: string, file: string): boolean {
  const above = dirname(resolve(folder))
  return above !== resolve(folder) && (existsSync(join(above, file)) || hasAbove(above, file))
}

/** Why the application cannot be written into this folder; `null` if it can. */
export function whyNotIn(folder: string): string | null {
  return whyNotNamed(folder) ?? whyNotEmpty(folder)
}

function whyNotNamed(folder: string): string | null {
  if (folder.trim() === '') return 'Give the folder a name.'
  const path = resolve(folder)
  const [character] = UNUSABLE.exec(basename(path)) ?? []
  if (character !== undefined) {
    return `Some systems do not allow ${JSON.stringify(character)} in the name of a folder. Choose another name.`
  }
  if (RESERVED.test(basename(path))) {
    return `Windows does not allow ${JSON.stringify(basename(path))} as the name of a folder. Choose another name.`
  }
  // npm looks up commands in PATH, a list that this character separates.
  if (path.includes(delimiter)) {
    return `npm finds no commands in a folder with "${delimiter}" in its path: ${path}. Choose another folder.`
  }
  if (path.split(/[\\/]/).includes('node_modules')) {
    return `${path} is in node_modules, whose content npm replaces. Choose another folder.`
  }
  return null
}

/** Nothing that is there is ever overwritten. */
function whyNotEmpty(folder: string): string | null {
  if (!existsSync(folder)) return null
  try {
    const first = readdirSync(folder).find((entry) => !HARMLESS.includes(entry))
    return first === undefined ? null : `${folder} is not empty: it has ${first}. Choose another folder.`
  } catch (error) {
    const isFile = (error as NodeJS.ErrnoException).code === 'ENOTDIR'
    return isFile
      ? `${folder} is there, and is not a folder. Choose another name.`
      : `${folder} cannot be read (${(error as Error).message}). Choose another folder.`
  }
}
