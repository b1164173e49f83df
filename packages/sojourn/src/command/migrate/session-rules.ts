import { type Change, type Found, found, unsure } from './found.ts'
import { childrenOf, isCall, isMember, memberName, nameOf, nodeIn, nodesIn, type SyntaxNode } from './syntax.ts'

/** Keys that usually say who is logged in. */
const IDENTITY =
  /^(user|userid|user_id|uid|username|account|account_?id|member|member_?id|(is_?)?(logged_?in|authenticated|auth))$/i

const TESTS = ['IfStatement', 'ConditionalExpression', 'UnaryExpression', 'BinaryExpression', 'ExpressionStatement']

/**
 * What has to change where a session is used. `parents` are the nodes around it, the nearest first; `name` is its text,
 * such as `req.session`.
 */
export function sessionChange(node: SyntaxNode, parents: readonly SyntaxNode[], name: string): Found | null {
  const [parent] = parents
  if (parent === undefined || TESTS.includes(parent.type)) return null
  if (isMember(parent) && nodeIn(parent, 'object') === node) return memberChange(parent, parents.slice(1), name)
  const target = parent.type === 'VariableDeclarator' ? nodeIn(parent, 'id') : undefined
  if (target?.type === 'Identifier') return null // an alias: its uses are found
  if (target?.type === 'ObjectPattern') return destructuringChange(target, name)
  const isLeft = nodeIn(parent, 'left') === node
  if (parent.type === 'AssignmentExpression' && isLeft) {
    return unsure(parent, `${name} = ...`, `await ${name}.logout(): the session itself cannot be replaced`)
  }
  if (parent.type === 'LogicalExpression' && isLeft) return null
  return unsure(node, name, `what gets this must read ${name}.data`)
}

function destructuringChange(pattern: SyntaxNode, name: string): Found {
  const keys = nodesIn(pattern, 'properties').map((property) => nameOf(nodeIn(property, 'key')) ?? '...')
  const code = `{ ${keys.join(', ')} } = ${name}`
  const isData = (key: string): boolean => !(IDENTITY.test(key) || Object.hasOwn(VERBS, key) || OWN.includes(key))
  if (keys.every(isData)) return found(pattern, code, `{ ${keys.join(', ')} } = ${name}.data`)
  return unsure(pattern, code, `your own keys from ${name}.data; userId from ${name}, a string, or null if logged out`)
}

function memberChange(node: SyntaxNode, parents: readonly SyntaxNode[], name: string): Found | null {
  const key = memberName(node)
  const [parent] = parents
  const code = `${name}.${key}`
  if (key === undefined) return found(node, `${name}[...]`, `${name}.data[...]`)
  if (isCall(parent) && nodeIn(parent, 'callee') === node) return callChange(parent, key, name)
  if (key === 'cookie') return cookieChange(parents, name)
  if (key === 'id') return unsure(node, code, 'stays, but is a public id that gives no access')
  if (key === 'passport') return found(node, code, `${name}.userId, a string, or null if logged out`)
  return IDENTITY.test(key) ? identityChange(node, parent, key, name) : found(node, code, `${name}.data.${key}`)
}

/** What a session has beside its data and verbs. */
const OWN = ['cookie', 'id', 'passport']

const VERBS: Readonly<Record<string, (name: string, call: SyntaxNode) => Change>> = {
  regenerate(name, call) {
    const login = `await ${name}.login(String(userId))`
    if (setsIdentity(call)) return { change: login, sure: true }
    return { change: `${login}, or await ${name}.rotate() if the user stays the same`, sure: false }
  },
  destroy: (name) => ({ change: `await ${name}.logout()`, sure: true }),
  save: (name) => ({ change: `nothing: the response waits. In a long request: await ${name}.save()`, sure: true }),
  reload: (name) => ({ change: `await ${name}.reload()`, sure: true }),
  touch: () => ({ change: 'nothing: timeouts.idle', sure: true }),
  resetMaxAge: () => ({ change: 'nothing: timeouts.idle', sure: true }),
}

function callChange(call: SyntaxNode, key: string, name: string): Found {
  const verb = Object.hasOwn(VERBS, key) ? VERBS[key] : undefined
  const code = `${name}.${key}(${nodesIn(call, 'arguments').length > 0 ? '...' : ''})`
  if (verb === undefined) return unsure(call, code, 'a session has no such method')
  return { node: call, code, ...verb(name, call) }
}

/** Whether this code assigns `session.userId` or a key like it. */
function setsIdentity(node: SyntaxNode): boolean {
  const key = node.type === 'AssignmentExpression' ? memberName(nodeIn(node, 'left')) : undefined
  if (key !== undefined && IDENTITY.test(key)) return true
  return childrenOf(node).some(setsIdentity)
}

function cookieChange([parent, outer]: readonly SyntaxNode[], name: string): Found | null {
  if (parent === undefined) return null
  const key = isMember(parent) ? memberName(parent) : undefined
  const code = `${name}.cookie${key === undefined ? '' : `.${key}`}`
  if (key !== 'maxAge' && key !== 'expires' && key !== 'originalMaxAge') {
    return unsure(parent, code, 'cookie of createSessions, for all sessions')
  }
  const isSet = outer?.type === 'AssignmentExpression' && nodeIn(outer, 'left') === parent
  if (!isSet) return found(parent, code, `${name}.expiresAt`)
  return found(parent, `${code} = ...`, `await ${name}.login(userId, { absolute: '30d' }), at the login`)
}

function identityChange(node: SyntaxNode, parent: SyntaxNode | undefined, key: string, name: string): Found {
  const code = `${name}.${key}`
  const isSet = parent?.type === 'AssignmentExpression' && nodeIn(parent, 'left') === node
  const isDeleted = parent?.type === 'UnaryExpression' && parent.operator === 'delete'
  const otherwise = `; if it does not say who is logged in: ${name}.data.${key}`
  if (isDeleted) return unsure(node, `delete ${code}`, `await ${name}.logout()${otherwise}`)
  if (isSet) {
    const call = isNothing(nodeIn(parent, 'right')) ? 'logout()' : 'login(String(userId))'
    return unsure(node, `${code} = ...`, `await ${name}.${call}${otherwise}`)
  }
  return unsure(node, code, `${name}.userId, a string, or null if logged out${otherwise}`)
}

function isNothing(value: SyntaxNode | undefined): boolean {
  return value?.type === 'NullLiteral' || nameOf(value) === 'undefined' || value?.value === false
}
