/** The part of an SDK command that is used here. */
interface Command {
  readonly middlewareStack: {
    add(
      middleware: (next: (args: object) => Promise<object>) => (args: object) => Promise<object>,
      options: { readonly step: 'finalizeRequest'; readonly priority: 'low'; readonly name: string },
    ): void
  }
}

/** DynamoDB may have executed the command: no answer came, or one that leaves this open. */
export class UnansweredError extends Error {
  constructor(cause: unknown) {
    super('DynamoDB did not answer, so the command may or may not have been executed.', { cause })
    this.name = 'UnansweredError'
  }
}

/** Error codes of connections that were never established. */
const NOT_SENT: readonly unknown[] = ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN']

/**
 * Sends a command again only if the earlier attempt certainly did nothing, as when DynamoDB throttles. The SDK by itself would
 * also repeat commands that may have been executed. Throws `UnansweredError` if this is unknown.
 */
export async function sentOnce<T>(command: Command, send: () => Promise<T>): Promise<T> {
  let isInDoubt = false
  let doubt: unknown
  // Runs inside the SDK's retry loop, next to the request.
  command.middlewareStack.add(
    (next) => async (args) => {
      // The SDK does not retry this error.
      if (isInDoubt) throw new Error('The command was not sent again because it may have been executed.')
      try {
        return await next(args)
      } catch (error) {
        isInDoubt = !isUndone(error)
        doubt = error
        throw error
      }
    },
    { step: 'finalizeRequest', priority: 'low', name: 'sojournSentOnce' },
  )
  try {
    return await send()
  } catch (error) {
    throw isInDoubt ? new UnansweredError(doubt) : error
  }
}

/** DynamoDB refused the command, or it was never sent. */
function isUndone(error: unknown): boolean {
  const { code, $metadata }: { code?: unknown; $metadata?: { httpStatusCode?: number } } = Object(error)
  const status = $metadata?.httpStatusCode ?? 0
  return (status >= 400 && status < 500) || NOT_SENT.includes(code)
}
