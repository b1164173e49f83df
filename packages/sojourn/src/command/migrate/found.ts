import type { SyntaxNode } from './syntax.ts'

/** What replaces something. */
export interface Change {
  readonly change: string
  /** Whether it follows from the code. Otherwise somebody has to look. */
  readonly sure: boolean
}

/** What a rule found. */
export interface Found extends Change {
  readonly node: SyntaxNode
  /** What stands there, without any value: values may be secrets. */
  readonly code: string
}

/** What follows from the code. */
export function found(node: SyntaxNode, code: string, change: string): Found {
  return { node, code, change, sure: true }
}

/** What only somebody who knows the application can decide. */
export function unsure(node: SyntaxNode, code: string, change: string): Found {
  return { node, code, change, sure: false }
}
