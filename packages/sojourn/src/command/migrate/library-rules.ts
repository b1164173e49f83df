import { type Found, found, unsure } from './found.ts'
import { packageChange } from './packages.ts'
import { isCall, memberName, nameOf, nodeIn, nodesIn, requiredModule, type SyntaxNode } from './syntax.ts'

/** The options of express-session, with what replaces them. The values are never printed: one is the secret. */
const OPTIONS: Readonly<Record<string, string>> = {
  secret:
    'fromExpressSession({ secret, store }) while old sessions are adopted; then nothing, or keys with new secrets',
  store: 'store of createSessions; the old one goes to fromExpressSession',
  name: "cookie: { name: '__Host-...' }, with another name than the old one; the old name goes to fromExpressSession",
  rolling: 'timeouts.idle',
  resave: 'nothing',
  saveUninitialized: 'nothing',
  unset: 'nothing',
  genid: 'nothing',
  proxy: "nothing: Express's trust proxy",
  'cookie.maxAge': 'timeouts: idle with rolling; idle and absolute without it',
  'cookie.expires': 'timeouts.absolute',
  'cookie.secure': 'nothing: always on; http://localhost works',
  'cookie.httpOnly': 'nothing: always on',
  'cookie.sameSite': 'cookie.sameSite of createSessions, if it is not lax',
  'cookie.domain': 'cookie.domain of createSessions, if other hosts need the cookie',
  'cookie.path': 'nothing, if it is the root',
}

const OPTIONS_PAGE = 'see the table of options on the page'

export function importChange(node: SyntaxNode): Found | null {
  const module = node.type === 'ImportDeclaration' ? nameOf(nodeIn(node, 'source')) : requiredModule(node)
  const change = packageChange(module)
  return change === undefined ? null : { node, code: module ?? '', ...change }
}

/** `session({ ... })` of express-session. */
export function middlewareChanges(call: SyntaxNode): readonly Found[] {
  const mount = found(call, 'session(...)', 'expressSessions(sessions)')
  const [options] = nodesIn(call, 'arguments')
  if (options === undefined) return [mount]
  if (options.type !== 'ObjectExpression') return [mount, unsure(options, 'the options of session(...)', OPTIONS_PAGE)]
  return [mount, ...optionChanges(options, '')]
}

function optionChanges(options: SyntaxNode, prefix: string): readonly Found[] {
  return nodesIn(options, 'properties').flatMap((property) => {
    const name = `${prefix}${nameOf(nodeIn(property, 'key')) ?? '...'}`
    const value = nodeIn(property, 'value')
    if (name === 'cookie' && value?.type === 'ObjectExpression') return optionChanges(value, 'cookie.')
    const change = Object.hasOwn(OPTIONS, name) ? OPTIONS[name] : undefined
    return change === undefined
      ? unsure(property, `${name}: ...`, OPTIONS_PAGE)
      : found(property, `${name}: ...`, change)
  })
}

/** `session.Store` and its relatives, on what was imported from express-session. */
export function libraryMemberChange(member: SyntaxNode): Found | null {
  const name = memberName(member)
  if (name === undefined || name === 'default') return null
  if (name === 'MemoryStore') return found(member, `session.${name}`, 'memoryStore()')
  return unsure(member, `session.${name}`, 'Sojourn has its own: see the page "Write your own"')
}

/** What the project uses beside express-session. */
export interface Companions {
  readonly passport: boolean
  readonly flash: boolean
  readonly csrf: boolean
}

/** A member of the request that express-session or its companions add. */
export function requestMemberChange(
  member: SyntaxNode,
  parent: SyntaxNode | undefined,
  request: string,
  uses: Companions,
): Found | null {
  const name = memberName(member) ?? ''
  const isCalled = isCall(parent) && nodeIn(parent, 'callee') === member
  const change = isCalled ? requestCall(name, parent, request, uses) : requestProperty(name, request)
  return change === null ? null : found(member, `${request}.${name}${isCalled ? '(...)' : ''}`, change)
}

function requestProperty(name: string, request: string): string | null {
  if (name === 'sessionID') return `${request}.session.id, which is public and gives no access`
  return name === 'sessionStore' ? 'sessions.list(userId), sessions.revoke(id), sessions.all()' : null
}

function requestCall(name: string, call: SyntaxNode, request: string, uses: Companions): string | null {
  if (uses.passport && Object.hasOwn(PASSPORT, name)) return PASSPORT[name]?.(request) ?? null
  if (uses.csrf && name === 'csrfToken') return `nothing, or forms.token(${request}.session) of formTokens`
  if (!uses.flash || name !== 'flash') return null
  const sets = nodesIn(call, 'arguments').length > 1
  return `${request}.session.flash.${sets ? 'set(name, text)' : 'take(name): the value or undefined, no list'}`
}

const login = (request: string): string => `await ${request}.session.login(String(user.id))`
const logout = (request: string): string => `await ${request}.session.logout()`

const PASSPORT: Readonly<Record<string, (request: string) => string>> = {
  login,
  logIn: login,
  logout,
  logOut: logout,
  isAuthenticated: (request) => `${request}.user !== undefined, after the middleware that sets it`,
  isUnauthenticated: (request) => `${request}.user === undefined, after the middleware that sets it`,
}

/** `passport.session()` and its relatives. */
export function passportChange(call: SyntaxNode, name: string | undefined): Found | null {
  const code = `passport.${name}(...)`
  if (name === 'session' || name === 'serializeUser' || name === 'deserializeUser') {
    return found(call, code, 'the middleware that sets req.user: section "Passport" of the page')
  }
  if (name === 'initialize') return found(call, code, 'nothing')
  if (name !== 'authenticate' || isOff(optionOf(nodesIn(call, 'arguments')[1], 'session'))) return null
  return found(call, code, '{ session: false }, then login and the redirect in the handler')
}

/** `new GoogleStrategy({ state: true })`. */
export function strategyChange(node: SyntaxNode): Found | null {
  const callee = nodeIn(node, 'callee')
  if (!(nameOf(callee) ?? memberName(callee) ?? '').endsWith('Strategy')) return null
  const [options] = nodesIn(node, 'arguments')
  const keeps = ['state', 'pkce'].find((name) => {
    const value = optionOf(options, name)
    return value !== undefined && !isOff(value)
  })
  return keeps === undefined
    ? null
    : found(node, `${keeps}: true`, 'store: stateStore, of section "Passport" of the page')
}

function optionOf(options: SyntaxNode | undefined, name: string): SyntaxNode | undefined {
  const property = nodesIn(options, 'properties').find((one) => nameOf(nodeIn(one, 'key')) === name)
  return nodeIn(property, 'value')
}

function isOff(value: SyntaxNode | undefined): boolean {
  return value?.value === false
}
