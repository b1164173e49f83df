import type { SessionId } from '../core/contracts/record.ts'
import { isStorableId } from '../stores/kit/ids.ts'

/** Ids as core makes them. Any other text is ignored. */
const NODE = /^[\w-]{1,64}$/

export interface Message {
  /** The sender, so that a node ignores its own messages. */
  readonly node: string
  readonly ids: readonly SessionId[]
}

/** `<node> <id>,<id>,...`: ids are public handles. Splits the ids into several messages if one would exceed `maxLength`. */
export function toMessages(node: string, ids: readonly SessionId[], maxLength: number): string[] {
  const messages: string[] = []
  let text = ''
  for (const id of ids) {
    if (text !== '' && text.length + 1 + id.length > maxLength) {
      messages.push(text)
      text = ''
    }
    text = text === '' ? `${node} ${id}` : `${text},${id}`
  }
  if (text !== '') messages.push(text)
  return messages
}

/** Returns `null` if the text is not a message, because other software may write to the bus. */
export function fromMessage(text: unknown, maxLength: number): Message | null {
  if (typeof text !== 'string' || text.length > maxLength) return null
  const blank = text.indexOf(' ')
  const node = text.slice(0, blank)
  if (blank < 1 || !NODE.test(node)) return null
  const ids = text.slice(blank + 1).split(',')
  return ids.every((id) => isStorableId(id)) ? { node, ids: ids as SessionId[] } : null
}
