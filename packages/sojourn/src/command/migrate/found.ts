import type { SyntaxNode } from './syntax.ts'

/** What replaces something. */
export interface Change {
  readonly change: string
  /** Whether it follows from the code. Otherwise somebody has to look. */
  readonly sure: boolean
}

/** A place of the project that has to change. */
export interface Place extends Change {
  /** From 1. */
  readonly line: number
  /** From 1. */
  readonly column: number
  /** What stands there, without any value: values may be secrets. */
  readonly code: string
}

/** What a rule found. */
export interface Found extends Change {
  readonly node: SyntaxNode
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
