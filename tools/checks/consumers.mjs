/** Applications that use the packages as they are published: what their compilers and their Node say. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { runNode } from '../run.mjs'
import { PORTABLE } from './import-rule.mjs'

/** @typedef {ReturnType<typeof import('../packages.mjs').entriesOf>[number]} Entry */

export const STRICT = { noEmit: true, strict: true, target: 'es2022', lib: ['es2022', 'dom'] }

/** Strict applications that look into declaration files too: on Node, and where Node's types are not at hand. */
const CONSUMERS = {
  node: { ...STRICT, module: 'nodenext', types: ['node'] },
  portable: { ...STRICT, module: 'esnext', moduleResolution: 'bundler', types: [] },
}

/**
 * @param {string} folder
 * @param {string} file
 * @param {readonly string[]} lines
 */
export function write(folder, file, lines) {
  mkdirSync(dirname(join(folder, file)), { recursive: true })
  writeFileSync(join(folder, file), `${lines.join('\n')}\n`)
}

/**
 * Applications that import every entry, with `import` and with `require`, type-checked.
 * @param {string} folder
 * @param {readonly Entry[]} entries
 * @param {object} more compiler options
 */
export function typeProblems(folder, entries, more = {}) {
  const imports = entries.map(({ specifier }, i) => `export * as m${i} from '${specifier}'`)
  const requires = entries.map(({ specifier }, i) => `export import m${i} = require('${specifier}')`)
  const portable = imports.filter((_, i) => PORTABLE.some((name) => entries[i]?.code === `./dist/${name}.js`))
  write(folder, 'node/imports.mts', imports)
  write(folder, 'node/requires.cts', requires)
  write(folder, 'portable/imports.ts', portable)
  return Object.entries(CONSUMERS).flatMap(([name, compilerOptions]) => {
    write(folder, `${name}/tsconfig.json`, [JSON.stringify({ compilerOptions: { ...compilerOptions, ...more } })])
    const status = runNode('node_modules/typescript/bin/tsc', ['--project', join(folder, name)])
    return status === 0 ? [] : [`an application (${name}) that imports the entries does not type-check, see above`]
  })
}

/**
 * Every entry, loaded by `import` and by `require`, is the same module.
 * @param {string} folder
 * @param {readonly Entry[]} entries
 */
export function loadProblems(folder, entries) {
  write(folder, 'imports.mjs', [
    ...entries.map(({ specifier }, i) => `import * as m${i} from '${specifier}'`),
    `for (const module of [${entries.map((_, i) => `m${i}`)}]) if (Object.keys(module).length === 0) throw new Error('empty')`,
  ])
  write(folder, 'requires.cjs', [
    'const same = (a, b, name) => { if (a !== b) throw new Error(name) }',
    // The old API's module is a function for `require`, and names what that gets.
    "const required = (module) => 'module.exports' in module ? module['module.exports'] : module",
    'void (async () => {',
    ...entries.map(
      ({ specifier }) => `same(require('${specifier}'), required(await import('${specifier}')), '${specifier}')`,
    ),
    '})()',
  ])
  return ['imports.mjs', 'requires.cjs'].flatMap((script) => {
    const { status, stderr } = spawnSync(process.execPath, [script], { cwd: folder, encoding: 'utf8' })
    return status === 0 && stderr === '' ? [] : [`an application that loads every entry (${script}) fails:\n${stderr}`]
  })
}
