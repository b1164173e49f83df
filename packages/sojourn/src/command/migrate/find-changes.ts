import { type Found, found, type Place, unsure } from './found.ts'
import {
  type Companions,
  importChange,
  libraryMemberChange,
  middlewareChanges,
  passportChange,
  requestMemberChange,
  strategyChange,
} from './library-rules.ts'
import { bind, bindImport, bindParameters, createScope, type Role, roleOf, type Scope } from './roles.ts'
import { sessionChange } from './session-rules.ts'
import { CASTS, childrenOf, isCall, isMember, memberName, nameOf, nodeIn, type SyntaxNode } from './syntax.ts'

/** What has to change in this file, from the top to the bottom. */
export function findChanges(program: SyntaxNode, text: string, uses: Companions): readonly Place[] {
  const places: Place[] = []

  function add(one: Found | null, role: Role | null): void {
    if (one === null) return
    const { node, code, change, sure } = one
    const { line, column } = node.loc.start
    places.push({ line, column: column + 1, code, change, sure: sure && role?.sure !== false })
  }

  function visit(node: SyntaxNode, parents: readonly SyntaxNode[], scope: Scope): void {
    const inner = scopeFor(node, scope)
    if (node.type === 'ImportDeclaration') bindImport(node, scope)
    if (node.type === 'VariableDeclarator') bind(nodeIn(node, 'id'), roleOf(nodeIn(node, 'init'), scope), scope)
    addModules(node, parents[0])
    if (isCall(node)) addCall(node, scope)
    if (isMember(node)) addMember(node, parents[0], scope)
    if (isMember(node) || isUse(node, parents[0])) addUse(node, parents, scope)
    const around = CASTS.includes(node.type) ? parents : [node, ...parents]
    for (const child of childrenOf(node)) visit(child, around, inner)
  }

  function addModules(node: SyntaxNode, parent: SyntaxNode | undefined): void {
    if (node.type === 'ImportDeclaration' || node.type === 'ImportExpression' || isCall(node))
      add(importChange(node), null)
    if (node.type === 'NewExpression') add(strategyChange(node), null)
    if (node.type === 'TSModuleDeclaration' && nameOf(nodeIn(node, 'id')) === 'express-session') {
      add(
        found(
          node,
          "declare module 'express-session'",
          "declare module 'sojourn' { interface SessionData { ... } }, each key optional, without the user",
        ),
        null,
      )
    }
    const isName = parent?.type === 'ObjectProperty' && nameOf(nodeIn(parent, 'key')) === 'name'
    if (nameOf(node) === 'connect.sid' && !isName) {
      add(unsure(node, "'connect.sid'", 'nothing at a logout, which deletes our cookie itself'), null)
    }
  }

  function addCall(node: SyntaxNode, scope: Scope): void {
    const callee = nodeIn(node, 'callee')
    const role = roleOf(callee, scope)
    if (role?.kind === 'express-session') for (const one of middlewareChanges(node)) add(one, role)
    const owner = callee !== undefined && isMember(callee) ? roleOf(nodeIn(callee, 'object'), scope) : null
    if (owner?.kind === 'passport') add(passportChange(node, memberName(callee)), owner)
  }

  function addMember(node: SyntaxNode, parent: SyntaxNode | undefined, scope: Scope): void {
    const object = nodeIn(node, 'object')
    const role = roleOf(object, scope)
    if (object === undefined || role === null) return
    if (role.kind === 'express-session') add(libraryMemberChange(node), role)
    if (role.kind === 'request') add(requestMemberChange(node, parent, textOf(object), uses), role)
  }

  function addUse(node: SyntaxNode, parents: readonly SyntaxNode[], scope: Scope): void {
    const role = roleOf(node, scope)
    if (role?.kind === 'session') add(sessionChange(node, parents, textOf(node)), role)
    if (role?.kind === 'middleware') add(middlewareUse(node, parents[0]), role)
  }

  const textOf = (node: SyntaxNode): string => text.slice(node.start, node.end).replaceAll(/\s+/g, ' ').slice(0, 60)

  visit(program, [], createScope(null))
  return places.sort((a, b) => a.line - b.line || a.column - b.column)
}

function scopeFor(node: SyntaxNode, scope: Scope): Scope {
  if (/^(Function|ArrowFunction|Object(Method)|Class(Private)?Method)/.test(node.type)) {
    const inner = createScope(scope)
    bindParameters(node, inner)
    return inner
  }
  return /^(BlockStatement|CatchClause|For.*Statement)$/.test(node.type) ? createScope(scope) : scope
}

/** Whether this identifier is a value, and not a key or a name that is being declared. */
function isUse(node: SyntaxNode, parent: SyntaxNode | undefined): boolean {
  if (node.type !== 'Identifier' || parent === undefined) return false
  if (isMember(parent)) return nodeIn(parent, 'object') === node || parent.computed === true
  if (parent.type === 'VariableDeclarator') return nodeIn(parent, 'init') === node
  if (parent.type === 'ObjectProperty') return nodeIn(parent, 'value') === node
  return !/Function|Pattern|RestElement|Import|TS|Method|Class|Catch|Labeled/.test(parent.type)
}

/** A middleware of express-session that has a name: `app.use(it)`, or something else, such as a WebSocket server. */
function middlewareUse(node: SyntaxNode, parent: SyntaxNode | undefined): Found | null {
  if (isCall(node) || (parent?.type === 'AssignmentExpression' && nodeIn(parent, 'left') === node)) return null
  const callee = isCall(parent) ? nodeIn(parent, 'callee') : undefined
  const isMounted = memberName(callee) === 'use' && nodeIn(callee, 'object')?.type === 'Identifier'
  const name = nameOf(node) ?? 'session'
  if (isMounted) return found(node, name, 'expressSessions(sessions)')
  return unsure(node, name, 'what gets this middleware has to change too. WebSockets: sojourn/live')
}

/** Lines of a template that may read the session. */
export function findInTemplate(text: string): readonly Place[] {
  return text.split('\n').flatMap((line, index) => {
    const [code] = /\bsession\b|\bcsrfToken\b/.exec(line) ?? []
    if (code === undefined) return []
    const change = code === 'session' ? 'if this is the session: session.data' : 'nothing, or a token of formTokens'
    return { line: index + 1, column: line.indexOf(code) + 1, code, change, sure: false }
  })
}
