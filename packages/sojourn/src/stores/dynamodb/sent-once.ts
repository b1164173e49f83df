/** What a command of the SDK has for this. */
interface Command {
  readonly middlewareStack: {
    add(
      middleware: (next: (args: object) => Promise<object>) => (args: object) => Promise<object>,
      options: { readonly step: 'finalizeRequest'; readonly priority: 'low'; readonly name: string },
    ): void
  }
}

/** DynamoDB may have done it: no answer came, or one that says nothing about that. */
export class UnansweredError extends Error {
  constructor(cause: unknown) {
    super('No answer came.', { cause })
    this.name = 'UnansweredError'
  }
}

/** Codes of connections that never came about. */
const NOT_SENT: readonly unknown[] = ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN']

/**
 * Sends a command again only where the try before did nothing for certain, as when DynamoDB throttles: the SDK itself would also
 * send what may have been done. Throws `UnansweredError` where nobody knows.
 */
export async function sentOnce<T>(command: Command, send: () => Promise<T>): Promise<T> {
  let isInDoubt = false
  let doubt: unknown
  // Within the SDK's own loop of tries, next to the request.
  command.middlewareStack.add(
    (next) => async (args) => {
      // No error that the SDK would try again for.
      if (isInDoubt) throw new Error('Not sent again.')
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

/** Refused by DynamoDB, or never sent. */
function isUndone(error: unknown): boolean {
  const { code, $metadata }: { code?: unknown; $metadata?: { httpStatusCode?: number } } = Object(error)
  const status = $metadata?.httpStatusCode ?? 0
  return (status >= 400 && status < 500) || NOT_SENT.includes(code)
}
