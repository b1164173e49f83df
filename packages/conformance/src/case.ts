/** One thing that an implementation must do. Plain data, so that any test runner, or none, can run it on any runtime. */
export interface Case<Context extends CaseContext> {
  readonly name: string
  /** Which of the design's guarantees the case is a test of: `'1 Ended is ended'`. */
  readonly guarantee?: string
  /** Members of the context, beside the required ones, without which the case cannot run. */
  readonly needs?: readonly (keyof Context & string)[]
  /** Resolves when the implementation holds, rejects with a `CaseFailure` (or the implementation's own error) when not. */
  run(ctx: Context): Promise<void>
}

export interface CaseContext {
  /** Why an optional member is not there, by its name: `{ reopen: 'memory ends with its process' }`. Printed beside each case it costs. */
  readonly without?: Readonly<Record<string, string>>
}

/** What came of one case. `reason` says why it was not run, or what failed. */
export interface CaseResult {
  readonly name: string
  readonly guarantee: string | null
  readonly status: 'passed' | 'failed' | 'not run'
  readonly reason: string | null
  readonly error: unknown
  readonly ms: number
}

export interface RunOptions {
  /** A case that takes longer has failed. Default 30 000. */
  readonly timeoutMs?: number
}

/**
 * Why the context cannot run this case, in the author's own words, or `null` when it can. Throws a `CaseFailure`
 * when something is missing and `without` does not say why: a case is never passed over in silence.
 */
export function reasonNotRun<Context extends CaseContext>(testCase: Case<Context>, ctx: Context): string | null {
  const missing = testCase.needs?.find((member) => ctx[member] === undefined)
  if (missing === undefined) return null
  const reason = ctx.without !== undefined && Object.hasOwn(ctx.without, missing) ? ctx.without[missing] : undefined
  if (reason !== undefined && reason.trim() !== '') return reason
  throw new CaseFailure(
    `This case needs the context's "${missing}". Offer it, or say why not: without: { ${missing}: '...' }.`,
  )
}

/** Runs the cases one after another and answers with a result each. Never rejects. */
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
    timer = setTimeout(() => reject(new CaseFailure(`Not done after ${timeoutMs} ms.`)), timeoutMs)
  })
  try {
    await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}

/** The results as text, one line a case, reasons included, and a count at the end. */
export function toTable(results: readonly CaseResult[]): string {
  const lines = results.map(
    ({ status, name, reason }) => `${status.padEnd(7)}  ${name}${reason === null ? '' : `\n         ${reason}`}`,
  )
  const count = (status: CaseResult['status']): number => results.filter((result) => result.status === status).length
  return [...lines, `${count('passed')} passed, ${count('failed')} failed, ${count('not run')} not run`].join('\n')
}

/** The implementation does not hold. Test runners show `actual` beside `expected`. */
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
