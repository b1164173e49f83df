/** The titles of the tests in a file, read from its source: `describe › test`, as Vitest prints them. */
import ts from 'typescript'

/** Between the titles of a test and of the groups around it. */
export const BETWEEN = ' › '

/**
 * One test, or one row of a table. `form` is what the file says (`'%s of %s'`), `title` what Vitest makes of it. Where the source
 * does not show the row, `title` has a gap.
 * @typedef {{ form: string, title: string }} Titled
 */

/** Stands for a part of a title that only a run knows. No source contains this character. */
const GAP = '\uffff'

/** With fewer letters than this beside its gaps, a title would fit any name. */
const LETTERS = 12

const GROUPS = new Set(['describe', 'suite'])
const TESTS = new Set(['test', 'it'])
/** A test that does not run proves nothing. */
const OFF = new Set(['skip', 'todo', 'fails'])

/**
 * Whether a file has a test of this name.
 * @param {string} name
 * @param {readonly Titled[]} titles
 */
export function isTitle(name, titles) {
  return titles.some(({ form, title }) => name === form || name === title || fits(name, title))
}

/**
 * @param {string} name
 * @param {string} title
 */
function fits(name, title) {
  const leaf = title.split(BETWEEN).at(-1) ?? ''
  if (!title.includes(GAP)) return false
  if (leaf.includes(GAP) && leaf.replace(/[^\p{L}]/gu, '').length < LETTERS) return false
  const parts = title.split(GAP).map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
  return new RegExp(`^${parts.join('.+')}$`, 'su').test(name)
}

/**
 * The tests of a file, and the names of conformance cases in it.
 * @param {string} file
 * @param {string} text
 * @returns {Titled[]}
 */
export function titlesOf(file, text) {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true)
  const isCases = file.startsWith('packages/conformance/src/')
  /** @type {Titled[]} */
  const found = []
  /**
   * @param {ts.Node} node
   * @param {readonly Titled[]} around
   */
  function visit(node, around) {
    const name = isCases ? nameOfCase(node) : null
    if (name !== null) found.push({ form: name, title: name })
    const call = ts.isCallExpression(node) ? callOf(node, source) : null
    if (call?.isOff === true) return
    const titles = call === null ? around : within(around, call.titles)
    if (call?.kind === 'test') found.push(...titles)
    ts.forEachChild(node, (child) => visit(child, call?.kind === 'group' ? titles : around))
  }
  visit(source, [])
  return found
}

/**
 * `name: 'a store ...'`
 * @param {ts.Node} node
 */
function nameOfCase(node) {
  const isName = ts.isPropertyAssignment(node) && node.name.getText() === 'name'
  return isName && ts.isStringLiteralLike(node.initializer) ? node.initializer.text : null
}

/**
 * @param {readonly Titled[]} around
 * @param {readonly Titled[]} titles
 * @returns {Titled[]}
 */
function within(around, titles) {
  if (around.length === 0) return [...titles]
  return around.flatMap((group) =>
    titles.map(({ form, title }) => ({
      form: group.form + BETWEEN + form,
      title: group.title + BETWEEN + title,
    })),
  )
}

/**
 * `test('title', ...)`, `describe.each(rows)('title', ...)` and so on.
 * @param {ts.CallExpression} node
 * @param {ts.SourceFile} source
 */
function callOf(node, source) {
  const { root, words, table } = chainOf(node.expression)
  const kind = GROUPS.has(root) ? 'group' : TESTS.has(root) ? 'test' : null
  const [title] = node.arguments
  // `test.each(rows)` gives no title: the call around it does.
  const isHalf = ts.isPropertyAccessExpression(node.expression) && /^(each|for|skipIf|runIf)$/.test(words[0] ?? '')
  if (kind === null || title === undefined || isHalf) return null
  const form = formOf(title)
  const rows = table === null ? [null] : rowsOf(table, source)
  return {
    kind,
    isOff: words.some((word) => OFF.has(word)),
    titles: rows.map((row) => ({ form: form.replaceAll(GAP, '%s'), title: table === null ? form : fill(form, row) })),
  }
}

/**
 * The name that a chain begins with, its other names from the end, and what `each` was called with.
 * @param {ts.Expression} expression
 */
function chainOf(expression) {
  /** @type {string[]} */
  const words = []
  /** @type {ts.Expression | null} */
  let table = null
  let at = expression
  for (;;) {
    if (ts.isPropertyAccessExpression(at)) {
      words.push(at.name.text)
      at = at.expression
    } else if (ts.isCallExpression(at)) {
      const isTable = ts.isPropertyAccessExpression(at.expression) && /^(each|for)$/.test(at.expression.name.text)
      if (isTable) table = at.arguments[0] ?? null
      at = at.expression
    } else return { root: ts.isIdentifier(at) ? at.text : '', words, table }
  }
}

/** @param {ts.Expression} title */
function formOf(title) {
  if (ts.isStringLiteralLike(title)) return title.text
  if (!ts.isTemplateExpression(title)) return GAP
  return title.head.text + title.templateSpans.map(({ literal }) => GAP + literal.text).join('')
}

/** @typedef {{ values: readonly (string | null)[], fields: ReadonlyMap<string, string> } | null} Row `null`: not in the source */

/**
 * @param {ts.Expression} table
 * @param {ts.SourceFile} source
 * @returns {readonly Row[]}
 */
function rowsOf(table, source) {
  const list = resolve(table, source)
  if (ts.isCallExpression(list) && /^Object\.(keys|entries)$/.test(list.expression.getText())) {
    const object = list.arguments[0] === undefined ? null : resolve(list.arguments[0], source)
    if (object === null || !ts.isObjectLiteralExpression(object)) return [null]
    return object.properties.map(({ name }) => ({ values: [textOf(name) ?? null], fields: new Map() }))
  }
  if (!ts.isArrayLiteralExpression(list)) return [null]
  return list.elements.map((element) => rowOf(resolve(element, source), source))
}

/**
 * @param {ts.Expression} element
 * @param {ts.SourceFile} source
 * @returns {Row}
 */
function rowOf(element, source) {
  if (ts.isArrayLiteralExpression(element)) {
    return { values: element.elements.map((one) => textOf(resolve(one, source))), fields: new Map() }
  }
  if (!ts.isObjectLiteralExpression(element)) return { values: [textOf(element)], fields: new Map() }
  const fields = element.properties.flatMap((property) => {
    const value = ts.isPropertyAssignment(property) ? textOf(resolve(property.initializer, source)) : null
    return value === null ? [] : [/** @type {const} */ ([textOf(property.name) ?? '', value])]
  })
  return { values: [null], fields: new Map(fields) }
}

/**
 * What a constant of the file was set to, without types.
 * @param {ts.Expression} expression
 * @param {ts.SourceFile} source
 * @returns {ts.Expression}
 */
function resolve(expression, source) {
  if (
    ts.isAsExpression(expression) ||
    ts.isSatisfiesExpression(expression) ||
    ts.isParenthesizedExpression(expression)
  ) {
    return resolve(expression.expression, source)
  }
  if (!ts.isIdentifier(expression)) return expression
  for (const statement of source.statements) {
    if (!ts.isVariableStatement(statement)) continue
    for (const { name, initializer } of statement.declarationList.declarations) {
      if (initializer !== undefined && name.getText() === expression.text) return resolve(initializer, source)
    }
  }
  return expression
}

/**
 * The text that `%s` shows for a literal.
 * @param {ts.Node | undefined} node
 */
function textOf(node) {
  if (node === undefined) return null
  if (ts.isStringLiteralLike(node) || ts.isIdentifier(node))
    return ts.isIdentifier(node) && !isKey(node) ? null : node.text
  return ts.isNumericLiteral(node) || /^(true|false|null)$/.test(node.getText()) ? node.getText() : null
}

/** @param {ts.Node} node */
function isKey(node) {
  return node.parent !== undefined && 'name' in node.parent && node.parent.name === node
}

/**
 * A title with the values of a row, as Vitest fills it.
 * @param {string} form
 * @param {Row} row
 */
function fill(form, row) {
  let at = 0
  return form.replace(/%%|%[sdifjoO#$]|\$[A-Za-z_][\w.]*/g, (placeholder) => {
    if (placeholder === '%%') return '%'
    if (placeholder.startsWith('$')) return row?.fields.get(placeholder.slice(1)) ?? GAP
    const value = row?.values[at++] ?? null
    if (value === null || /%[oO#$]/.test(placeholder)) return GAP
    return placeholder === '%j' ? GAP : value
  })
}
