/** A mistake of the person at the keyboard: the message is printed without a stack. */
export class UsageError extends Error {
  override readonly name: string = 'UsageError'
}
