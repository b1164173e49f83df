import { extname } from 'node:path'
import type { ParserPlugin } from '@babel/parser'

/** A node of the syntax tree of Babel, as far as rules need it. */
export interface SyntaxNode {
  readonly type: string
  readonly start: number
  readonly end: number
  readonly loc: { readonly start: { readonly line: number; readonly column: number } }
  readonly [field: string]: unknown
}

/** Reads the text of one file, or returns `null` if it is not JavaScript or TypeScript. */
export type Parse = (path: string, text: string) => SyntaxNode | null

/** Not a static import, and not a dependency: nothing else in the package needs a parser. */
export async function loadParser(): Promise<Parse> {
  let parser: typeof import('@babel/parser')
  try {
    parser = await import('@babel/parser')
  } catch (cause) {
    const again = 'npx --yes --package=sojourn --package=@babel/parser@7 sojourn migrate express-session'
    throw new Error(`sojourn migrate needs the package @babel/parser. Run: ${again}`, { cause })
  }
  return (path, text) => {
    try {
      const file = parser.parse(text, {
        sourceType: 'unambiguous',
        errorRecovery: true,
        allowReturnOutsideFunction: true,
        plugins: pluginsFor(path),
      })
      return file.program as unknown as SyntaxNode
    } catch {
      return null
    }
  }
}

function pluginsFor(path: string): ParserPlugin[] {
  const extension = extname(path)
  if (extension === '.tsx') return ['typescript', 'jsx', 'decorators-legacy']
  return [/^\.[cm]?ts$/.test(extension) ? 'typescript' : 'jsx', 'decorators-legacy']
}

function isNode(value: unknown): value is SyntaxNode {
  return typeof value === 'object' && value !== null && typeof (value as { type?: unknown }).type === 'string'
}

/** The node in this field, without casts and brackets around it. */
export function nodeIn(node: SyntaxNode | undefined, field: string): SyntaxNode | undefined {
  const value = node?.[field]
  return isNode(value) ? bare(value) : undefined
}

/** The nodes in this field, which is a list. */
export function nodesIn(node: SyntaxNode | undefined, field: string): readonly SyntaxNode[] {
  const value = node?.[field]
  return Array.isArray(value) ? value.filter(isNode).map(bare) : []
}

/** What TypeScript puts around an expression without changing it. */
export const CASTS: readonly string[] = [
  'TSAsExpression',
  'TSNonNullExpression',
  'TSTypeAssertion',
  'TSSatisfiesExpression',
]

function bare(node: SyntaxNode): SyntaxNode {
  const inner = CASTS.includes(node.type) ? node.expression : undefined
  return isNode(inner) ? bare(inner) : node
}

/** All nodes directly under this one, in the order of the text. */
export function childrenOf(node: SyntaxNode): readonly SyntaxNode[] {
  const nodes = Object.entries(node)
    .filter(([field]) => !field.endsWith('Comments'))
    .flatMap(([, value]) => (Array.isArray(value) ? value : [value]))
    .filter(isNode)
  return nodes.sort((a, b) => a.start - b.start)
}

/** The text of an identifier, or of a string. */
export function nameOf(node: SyntaxNode | undefined): string | undefined {
  const name = node?.type === 'Identifier' ? node.name : node?.type === 'StringLiteral' ? node.value : undefined
  return typeof name === 'string' ? name : undefined
}

/** `cart` of `a.cart`, `a?.cart` and `a['cart']`; nothing for `a[cart]`. */
export function memberName(node: SyntaxNode | undefined): string | undefined {
  if (node === undefined || !isMember(node)) return undefined
  const property = nodeIn(node, 'property')
  return node.computed === true && property?.type === 'Identifier' ? undefined : nameOf(property)
}

export function isMember(node: SyntaxNode): boolean {
  return node.type === 'MemberExpression' || node.type === 'OptionalMemberExpression'
}

export function isCall(node: SyntaxNode | undefined): node is SyntaxNode {
  return node?.type === 'CallExpression' || node?.type === 'OptionalCallExpression'
}

/** The module of `require('x')` and `import('x')`. */
export function requiredModule(node: SyntaxNode | undefined): string | undefined {
  if (node?.type === 'AwaitExpression') return requiredModule(nodeIn(node, 'argument'))
  if (node?.type === 'ImportExpression') return nameOf(nodeIn(node, 'source'))
  const callee = isCall(node) ? nodeIn(node, 'callee') : undefined
  const isRequire = callee?.type === 'Import' || (callee?.type === 'Identifier' && callee.name === 'require')
  const [module] = isRequire ? nodesIn(node, 'arguments') : []
  return module?.type === 'StringLiteral' ? nameOf(module) : undefined
}

/** The modules that this code imports, requires or loads. */
export function modulesOf(node: SyntaxNode): readonly string[] {
  const imports = node.type === 'ImportDeclaration' ? nameOf(nodeIn(node, 'source')) : requiredModule(node)
  const inside = childrenOf(node).flatMap(modulesOf)
  return imports === undefined ? inside : [imports, ...inside]
}
