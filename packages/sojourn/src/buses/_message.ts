import type { SessionId } from '../core/contracts/record.ts'
import { isStorableId } from '../stores/kit/ids.ts'

/** Ids as core makes them; nothing else is believed to be one. */
const NODE = /^[\w-]{1,64}$/

export interface Message {
  /** Who sent it, so that a node does not hear itself. */
  readonly node: string
  readonly ids: readonly SessionId[]
}

/** `<node> <id>,<id>,...`: ids are public handles. Several messages where one would be longer than `maxLength`. */
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

/** `null` for anything that is no message: whoever else writes to the bus must not do harm. */
export function fromMessage(text: unknown, maxLength: number): Message | null {
  if (typeof text !== 'string' || text.length > maxLength) return null
  const blank = text.indexOf(' ')
  const node = text.slice(0, blank)
  if (blank < 1 || !NODE.test(node)) return null
  const ids = text.slice(blank + 1).split(',')
  return ids.every((id) => isStorableId(id)) ? { node, ids: ids as SessionId[] } : null
}
