import { SessionError } from '../contracts/errors.ts'
import type { SchemaIssue, StandardSchema } from '../contracts/schema.ts'
import { isPromise } from '../lib/maybe.ts'
import { assertJson } from './texts.ts'

/**
 * Top-level keys that do not fit (`[]`: the whole data), and where. Contains paths only, because a message of the schema may
 * contain the value.
 */
export interface Misfit {
  readonly badKeys: readonly string[]
  readonly paths: readonly string[]
}

/**
 * Throws `ERR_OPTION` if it is not a schema of an object, is asynchronous, rejects the empty data of a new session, or rejects
 * its own output. Throws `ERR_DATA_NOT_JSON` if a default is not JSON.
 */
export function assertSchema(schema: StandardSchema<object>): void {
  if (typeof schema?.['~standard']?.validate !== 'function') {
    throw new SessionError('ERR_OPTION', 'data must be a Standard Schema (zod, valibot, arktype, ...).')
  }
  const first = validate(schema, {})
  if ('paths' in first) {
    const why = first.paths[0] === LATER ? ' It must validate at once, without promises.' : ''
    throw new SessionError(
      'ERR_OPTION',
      `data must accept {}: every session begins empty. Make its keys optional, or give them defaults.${why}`,
    )
  }
  assertJson(first.value, 'data')
  const again = validate(schema, first.value)
  if ('paths' in again || JSON.stringify(again.value) !== JSON.stringify(first.value)) {
    throw new SessionError('ERR_OPTION', 'data must accept what it gives, unchanged: its defaults do not fit it.')
  }
}

const LATER = 'the schema answered with a promise'

/** Never throws. If a schema throws, is asynchronous or returns no object, the whole data does not fit. */
export function validate<Output extends object>(
  schema: StandardSchema<Output>,
  value: unknown,
): { readonly value: Output } | Misfit {
  try {
    const result = schema['~standard'].validate(value)
    if (isPromise(result)) {
      // Nothing waits for it, so its rejection would end the process.
      result.catch(() => {})
      return { badKeys: [], paths: [LATER] }
    }
    if (result.issues !== undefined) return toMisfit(result.issues)
    if (typeof result.value === 'object' && result.value !== null) return { value: result.value }
    return { badKeys: [], paths: ['the schema gave no object'] }
  } catch {
    return { badKeys: [], paths: ['the schema threw an error'] }
  }
}

function toMisfit(issues: readonly SchemaIssue[]): Misfit {
  const paths = issues.map((issue) =>
    (issue.path ?? []).map((part) => String(typeof part === 'object' ? part.key : part)),
  )
  return {
    badKeys: [...new Set(paths.flatMap(([first]) => (first === undefined ? [] : [first])))],
    paths: paths.map((path) => path.join('.')),
  }
}
