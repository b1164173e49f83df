import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { filesOf } from '../packages.mjs'
import { root } from '../run.mjs'

const ERROR_TABLE = 'docs/reference/errors.md'

/** @returns {Promise<string[]>} */
async function errorCodes() {
  const built = pathToFileURL(join(root, 'packages/sojourn/dist/core/contracts/errors.js')).href
  return Object.keys((await import(built)).errorCodes)
}

function documents() {
  const folders = ['docs', 'packages', 'bench', 'examples']
  const inFolders = folders.flatMap((folder) => filesOf(join(root, folder), '.md').map((file) => `${folder}/${file}`))
  const atRoot = ['README.md', 'CONTRIBUTING.md', 'SECURITY.md', 'CHANGELOG.md'].filter((file) =>
    existsSync(join(root, file)),
  )
  // The build copies some of them into packages.
  const copied = /^packages\/[\w-]+\/(docs\/|CHANGELOG|SECURITY)/
  return [...atRoot, ...inFolders].filter((file) => !file.includes('node_modules/') && !copied.test(file))
}

/**
 * Links to files of the repository that are not there.
 * @param {string} file
 * @param {string} text
 */
function deadLinks(file, text) {
  return [...text.matchAll(/\]\((?![a-z]+:|#)([^)#\s]+)/g)]
    .map(([, target = '']) => target)
    .filter((target) => !existsSync(join(root, dirname(file), decodeURI(target))))
    .map((target) => `${file} links to ${target}, which is not there`)
}

/** Error codes in the documents are those of the code, the table of errors is whole, and links between files lead somewhere. */
export async function checkDocs() {
  const codes = await errorCodes()
  const problems = []
  for (const file of documents()) {
    const text = readFileSync(join(root, file), 'utf8')
    const named = new Set(text.match(/\bERR_[A-Z_]+\b/g))
    const unknown = [...named].filter(
      (code) => !codes.includes(code) && !/^ERR_(MODULE|REQUIRE|HTTP|UNKNOWN)/.test(code),
    )
    problems.push(...unknown.map((code) => `${file} names ${code}, which no code throws`), ...deadLinks(file, text))
    if (file === ERROR_TABLE) {
      problems.push(...codes.filter((code) => !named.has(code)).map((code) => `${file} does not explain ${code}`))
    }
  }
  return problems
}
