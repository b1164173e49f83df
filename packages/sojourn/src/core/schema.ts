import { SessionError } from './errors.ts'
import { assertJson } from './json.ts'

/**
 * What Sojourn needs of a Standard Schema (https://standardschema.dev, version 1), so that any library that
 * speaks it fits and none is depended on.
 */
export interface StandardSchema<Output> {
  readonly '~standard': {
    readonly version: 1
    readonly vendor: string
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>
    readonly types?: { readonly input: unknown; readonly output: Output } | undefined
  }
}

export type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] }

export interface SchemaIssue {
  readonly message: string
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined
}

/**
 * `ERR_OPTION` for what is no schema, answers later, or refuses the empty data that every session begins with;
 * `ERR_DATA_NOT_JSON` when a default is nothing that JSON carries.
 */
export function assertSchema(schema: StandardSchema<object>): void {
  const validate = schema['~standard']?.validate
  if (typeof validate !== 'function') {
    throw new SessionError('ERR_OPTION', 'data must be a Standard Schema (zod, valibot, arktype, ...).')
  }
  const result = demandAtOnce(validate({}))
  if (result.issues !== undefined) {
    throw new SessionError(
      'ERR_OPTION',
      'data must accept {}: every session begins empty. Make its keys optional, or give them defaults.',
    )
  }
  assertJson(result.value, 'data')
}

function demandAtOnce<Output>(result: SchemaResult<Output> | Promise<SchemaResult<Output>>): SchemaResult<Output> {
  if (!(result instanceof Promise)) return result
  // Nobody waits for it: its rejection must not end the process.
  result.catch(() => {})
  throw new SessionError('ERR_OPTION', 'data must be a schema that validates at once, without promises.')
}

/** The validated value, or the top-level keys that do not fit (`[]`: the whole does not). */
export function validate<Output>(
  schema: StandardSchema<Output>,
  value: unknown,
): { value: Output } | { badKeys: string[]; paths: string[] } {
  const result = demandAtOnce(schema['~standard'].validate(value))
  if (result.issues === undefined) return { value: result.value }
  const paths = result.issues.map((issue) =>
    (issue.path ?? []).map((part) => String(typeof part === 'object' ? part.key : part)),
  )
  return {
    badKeys: [...new Set(paths.flatMap(([first]) => (first === undefined ? [] : [first])))],
    paths: paths.map((path) => path.join('.')),
  }
}
