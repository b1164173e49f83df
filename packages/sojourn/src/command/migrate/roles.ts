import { isCall, isMember, memberName, nameOf, nodeIn, nodesIn, requiredModule, type SyntaxNode } from './syntax.ts'

/** What a name or an expression stands for. */
export type RoleKind = 'request' | 'session' | 'express-session' | 'middleware' | 'passport'

export interface Role {
  readonly kind: RoleKind
  /** Whether this follows from the code. Otherwise a name only looks like it. */
  readonly sure: boolean
}

/** The names of a function or block. `null` hides the name of an outer one. */
export interface Scope {
  readonly names: Map<string, Role | null>
  readonly outer: Scope | null
}

const REQUEST = /^[_$]?req(uest)?$/
const RESPONSE = /^[_$]?res(ponse)?$/

export function createScope(outer: Scope | null): Scope {
  return { names: new Map(), outer }
}

function find(name: string, scope: Scope): Role | null | undefined {
  for (let at: Scope | null = scope; at !== null; at = at.outer) if (at.names.has(name)) return at.names.get(name)
  return undefined
}

const sure = (kind: RoleKind): Role => ({ kind, sure: true })

export function roleOf(node: SyntaxNode | undefined, scope: Scope): Role | null {
  if (node === undefined) return null
  if (requiredModule(node) === 'express-session') return sure('express-session')
  if (requiredModule(node) === 'passport') return sure('passport')
  if (node.type === 'Identifier') return roleOfName(nameOf(node) ?? '', scope)
  if (isMember(node)) return roleOfMember(node, scope)
  if (isCall(node) && roleOf(nodeIn(node, 'callee'), scope)?.kind === 'express-session') return sure('middleware')
  if (node.type === 'LogicalExpression') return roleOf(nodeIn(node, 'left'), scope)
  return null
}

function roleOfName(name: string, scope: Scope): Role | null {
  const bound = find(name, scope)
  if (bound !== null && bound !== undefined) return bound
  if (REQUEST.test(name)) return { kind: 'request', sure: bound === undefined }
  if (bound === null) return null
  return name === 'passport' ? sure('passport') : null
}

function roleOfMember(node: SyntaxNode, scope: Scope): Role | null {
  const name = memberName(node)
  const object = nodeIn(node, 'object')
  if (name === 'session') {
    const owner = roleOf(object, scope)
    if (owner?.kind === 'request') return { kind: 'session', sure: owner.sure }
    return memberName(object) === 'handshake' ? { kind: 'session', sure: false } : null
  }
  if (name === 'default') return roleOf(object, scope)
  return name !== undefined && REQUEST.test(name) ? { kind: 'request', sure: false } : null
}

/** Binds the parameters of a function. */
export function bindParameters(fn: SyntaxNode, scope: Scope): void {
  const [first, second] = nodesIn(fn, 'params')
  const isHandler = first !== undefined && RESPONSE.test(nameOf(second) ?? '')
  for (const parameter of nodesIn(fn, 'params')) {
    const isRequest = (isHandler && parameter === first) || REQUEST.test(nameOf(parameter) ?? '')
    if (isRequest || hasType(parameter, 'Request')) bind(parameter, sure('request'), scope)
    else if (hasDecorator(parameter, 'Session')) bind(parameter, sure('session'), scope)
    else if (nameOf(parameter) !== 'passport') bind(parameter, null, scope)
  }
}

function hasType(parameter: SyntaxNode, name: string): boolean {
  const type = nodeIn(nodeIn(parameter, 'typeAnnotation'), 'typeAnnotation')
  return nameOf(nodeIn(type, 'typeName')) === name
}

/** NestJS: `@Session() session`. */
function hasDecorator(parameter: SyntaxNode, name: string): boolean {
  return nodesIn(parameter, 'decorators').some((decorator) => {
    return nameOf(nodeIn(nodeIn(decorator, 'expression'), 'callee')) === name
  })
}

/** Binds a pattern, such as `req`, `{ session }` and `{ session: { cart } }`, to what has this role. */
export function bind(pattern: SyntaxNode | undefined, role: Role | null, scope: Scope): void {
  const name = pattern?.type === 'Identifier' ? nameOf(pattern) : undefined
  if (name !== undefined) scope.names.set(name, role)
  if (pattern?.type === 'AssignmentPattern') bind(nodeIn(pattern, 'left'), role, scope)
  if (pattern?.type === 'TSParameterProperty') bind(nodeIn(pattern, 'parameter'), role, scope)
  for (const property of pattern?.type === 'ObjectPattern' ? nodesIn(pattern, 'properties') : []) {
    const isSession = role?.kind === 'request' && nameOf(nodeIn(property, 'key')) === 'session'
    bind(nodeIn(property, 'value'), isSession ? { kind: 'session', sure: role.sure } : null, scope)
  }
}

/** `import x from 'express-session'` and `import passport from 'passport'`. */
export function bindImport(declaration: SyntaxNode, scope: Scope): void {
  const module = nameOf(nodeIn(declaration, 'source'))
  for (const specifier of nodesIn(declaration, 'specifiers')) {
    const isWhole = specifier.type !== 'ImportSpecifier' || nameOf(nodeIn(specifier, 'imported')) === 'default'
    const known = module === 'express-session' || module === 'passport' ? module : null
    bind(nodeIn(specifier, 'local'), isWhole && known !== null ? sure(known) : null, scope)
  }
}
