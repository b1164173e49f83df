import { type DefaultTreeAdapterTypes, parse } from 'parse5'

type Node = DefaultTreeAdapterTypes.Node
type Element = DefaultTreeAdapterTypes.Element

export interface Field {
  readonly name: string
  /** The type of an input, in lower case; `select`, `textarea` or `button` for others. */
  readonly type: string
  readonly value: string
}

export interface Form {
  /** Absolute. */
  readonly action: string
  readonly method: 'GET' | 'POST'
  /** What a browser would send if the user changed nothing, without submit buttons. */
  readonly fields: readonly Field[]
  readonly buttons: readonly Field[]
  /** Its words, labels and buttons. */
  readonly text: string
}

export interface Link {
  /** Absolute. */
  readonly href: string
  readonly text: string
  /** In lower case. The method that scripts of the page send it with (`data-method`), if declared. */
  readonly method: string
}

export interface Page {
  readonly forms: readonly Form[]
  readonly links: readonly Link[]
  /** By `name`: `csrf-token`. */
  readonly metas: ReadonlyMap<string, string>
  /** Absolute addresses of scripts. */
  readonly scripts: readonly string[]
  /** The base of its relative addresses. */
  readonly base: string
  /** The visible text. */
  readonly text: string
}

/** Reads the forms, links and texts of an HTML page, as a browser does. */
export function readPage(html: string, url: string): Page {
  const elements = elementsOf(parse(html))
  const base = attribute(
    elements.find(({ tagName }) => tagName === 'base'),
    'href',
  )
  const from = base !== null && URL.canParse(base, url) ? new URL(base, url).href : url
  const resolve = (href: string) => (URL.canParse(href, from) ? new URL(href, from).href : null)
  return {
    forms: elements.filter(({ tagName }) => tagName === 'form').map((form) => toForm(form, elements, resolve, url)),
    links: elements.flatMap((element) => {
      const href = element.tagName === 'a' ? attribute(element, 'href') : null
      const resolved = href === null ? null : resolve(href)
      if (resolved === null) return []
      const method = attribute(element, 'data-method') ?? attribute(element, 'data-turbo-method') ?? 'get'
      return [{ href: resolved, text: textOf(element), method: method.toLowerCase() }]
    }),
    scripts: elements.flatMap((element) => {
      const src = element.tagName === 'script' ? attribute(element, 'src') : null
      const resolved = src === null ? null : resolve(src)
      return resolved === null ? [] : [resolved]
    }),
    base: from,
    metas: new Map(
      elements
        .filter(({ tagName }) => tagName === 'meta')
        .map((meta) => [attribute(meta, 'name') ?? '', attribute(meta, 'content') ?? '']),
    ),
    text: textOf(elements.find(({ tagName }) => tagName === 'body')),
  }
}

function toForm(form: Element, all: readonly Element[], resolve: (href: string) => string | null, url: string): Form {
  const id = attribute(form, 'id')
  const outside = id === null ? [] : all.filter((element) => attribute(element, 'form') === id)
  const controls = [...new Set([...elementsOf(form), ...outside])].filter(
    (element) => attribute(element, 'disabled') === null,
  )
  const fields = controls.flatMap(toField)
  const isButton = ({ type }: Field) => type === 'submit' || type === 'image'
  return {
    action: resolve(attribute(form, 'action') || url) ?? url,
    method: attribute(form, 'method')?.toUpperCase() === 'POST' ? 'POST' : 'GET',
    fields: fields.filter((field) => !isButton(field)),
    buttons: fields.filter(isButton),
    text: `${textOf(form)} ${fields
      .filter(isButton)
      .map(({ value }) => value)
      .join(' ')}`.trim(),
  }
}

function toField(element: Element): Field[] {
  const name = attribute(element, 'name')
  if (name === null || name === '') return []
  const value = attribute(element, 'value')
  const type = attribute(element, 'type')?.toLowerCase()
  if (element.tagName === 'textarea') return [{ name, type: 'textarea', value: textOf(element) }]
  if (element.tagName === 'button')
    return type === 'button' || type === 'reset' ? [] : [{ name, type: 'submit', value: value ?? '' }]
  if (element.tagName === 'select') return [{ name, type: 'select', value: selectedOf(element) }]
  if (element.tagName !== 'input' || type === 'reset' || type === 'button' || type === 'file') return []
  const isTick = type === 'checkbox' || type === 'radio'
  if (isTick && attribute(element, 'checked') === null) return []
  return [{ name, type: type ?? 'text', value: value ?? (isTick ? 'on' : '') }]
}

function selectedOf(select: Element): string {
  const options = elementsOf(select).filter(({ tagName }) => tagName === 'option')
  const chosen = options.find((option) => attribute(option, 'selected') !== null) ?? options[0]
  return chosen === undefined ? '' : (attribute(chosen, 'value') ?? textOf(chosen))
}

/**
 * Elements below a node in document order. Uses a list instead of recursion, because pages may be nested deeper than the stack
 * allows.
 */
function elementsOf(node: Node): Element[] {
  return nodesBelow(node, () => true).filter((found): found is Element => 'tagName' in found)
}

function nodesBelow(node: Node, goInto: (node: Node) => boolean): Node[] {
  const found: Node[] = []
  const left = childrenOf(node).toReversed()
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    found.push(next)
    if (goInto(next)) left.push(...childrenOf(next).toReversed())
  }
  return found
}

const childrenOf = (node: Node): Node[] => ('childNodes' in node ? [...node.childNodes] : [])

function attribute(element: Element | undefined, name: string): string | null {
  return element?.attrs.find((held) => held.name === name)?.value ?? null
}

const UNSEEN = new Set(['script', 'style', 'template', 'noscript', 'head'])

function textOf(node: Node | undefined): string {
  if (node === undefined) return ''
  return nodesBelow(node, ({ nodeName }) => !UNSEEN.has(nodeName))
    .map((found) => (found.nodeName === '#text' && 'value' in found ? found.value : ' '))
    .join('')
    .replace(/\s+/g, ' ')
    .trim()
}

/** One password field, so it is neither a sign-up nor a password change. */
export function isLoginForm({ fields, method, text }: Form): boolean {
  const passwords = fields.filter(({ type }) => type === 'password')
  return method === 'POST' && passwords.length === 1 && !/\b(register|sign up|create (an )?account)\b/i.test(text)
}

/** Texts of links and buttons that log out. */
export const LOGOUT_WORDS: RegExp =
  /log[ _-]?(out|off)|sign[ _-]?(out|off)|abmelden|d[ée]connexion|cerrar sesi[oó]n|esci\b|uitloggen/i
