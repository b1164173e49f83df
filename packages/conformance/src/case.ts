/** One thing that an implementation must do. Plain data, so that any test runner, or none, can run it on any runtime. */
export interface Case<Context extends CaseContext> {
  readonly name: string
  /** The guarantee that the case tests: `'1 Ended is ended'`. */
  readonly guarantee?: string
  /** Optional members of the context that the case cannot run without. */
  readonly needs?: readonly (keyof Context & string)[]
  /** Resolves if the implementation is correct. Otherwise rejects with a `CaseFailure` or the implementation's own error. */
  run(ctx: Context): Promise<void>
}

export interface CaseContext {
  /**
   * The reasons for missing optional members, by name: `{ reopen: 'memory ends with its process' }`. Printed beside each case
   * that is not run.
   */
  readonly without?: Readonly<Record<string, string>>
}

/** The result of one case. `reason`: why it was not run, or what failed. */
export interface CaseResult {
  readonly name: string
  readonly guarantee: string | null
  readonly status: 'passed' | 'failed' | 'not run'
  readonly reason: string | null
  readonly error: unknown
  readonly ms: number
}

export interface RunOptions {
  /** A case that takes longer fails. Default 30 000. */
  readonly timeoutMs?: number
}

/**
 * Returns why the context cannot run this case, in the author's own words, or `null` if it can. Throws a `CaseFailure` if
 * something is missing and `without` gives no reason, so that no case is skipped silently.
 */
export function reasonNotRun<Context extends CaseContext>(testCase: Case<Context>, ctx: Context): string | null {
  const missing = testCase.needs?.find((member) => ctx[member] === undefined)
  if (missing === undefined) return null
  const reason = ctx.without !== undefined && Object.hasOwn(ctx.without, missing) ? ctx.without[missing] : undefined
  if (reason !== undefined && reason.trim() !== '') return reason
  throw new CaseFailure(
    `This case needs the context's "${missing}". Provide it, or give the reason: without: { ${missing}: '...' }.`,
  )
}

/** Runs the cases one after another and returns a result for each. Never rejects. */
export async function runCases<Context extends CaseContext>(
  cases: readonly Case<Context>[],
  ctx: Context,
  options: RunOptions = {},
): Promise<readonly CaseResult[]> {
  const results: CaseResult[] = []
  for (const testCase of cases) results.push(await runCase(testCase, ctx, options.timeoutMs ?? 30_000))
  return results
}

async function runCase<Context extends CaseContext>(
  testCase: Case<Context>,
  ctx: Context,
  timeoutMs: number,
): Promise<CaseResult> {
  const began = performance.now()
  const toResult = (status: CaseResult['status'], reason: string | null, error?: unknown): CaseResult => ({
    name: testCase.name,
    guarantee: testCase.guarantee ?? null,
    status,
    reason,
    error,
    ms: performance.now() - began,
  })
  try {
    const reason = reasonNotRun(testCase, ctx)
    if (reason !== null) return toResult('not run', reason)
    await within(timeoutMs, testCase.run(ctx))
    return toResult('passed', null)
  } catch (error) {
    return toResult('failed', error instanceof Error ? error.message : String(error), error)
  }
}

async function within(timeoutMs: number, work: Promise<void>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new CaseFailure(`The case was not done after ${timeoutMs} ms.`)), timeoutMs)
  })
  try {
    await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}

/** Returns the results as text: one line for each case, with its reason, and the counts at the end. */
export function toTable(results: readonly CaseResult[]): string {
  const lines = results.map(
    ({ status, name, reason }) => `${status.padEnd(7)}  ${name}${reason === null ? '' : `\n         ${reason}`}`,
  )
  const count = (status: CaseResult['status']): number => results.filter((result) => result.status === status).length
  return [...lines, `${count('passed')} passed, ${count('failed')} failed, ${count('not run')} not run`].join('\n')
}

/** The implementation is not correct. Test runners show `actual` beside `expected`. */
export class CaseFailure extends Error {
  readonly actual: unknown
  readonly expected: unknown

  constructor(message: string, actual?: unknown, expected?: unknown) {
    super(message)
    this.name = 'CaseFailure'
    this.actual = actual
    this.expected = expected
  }
}
