import type { Head, SessionId, SessionRecord, Token } from '../core/contracts/record.ts'
import { define } from '../core/data/texts.ts'

type Data = SessionRecord['data']

/** What a cookie holds. `record`: `null` if a store keeps all of it but the data. */
export interface Content {
  readonly id: SessionId
  readonly record: SessionRecord | null
  readonly data: Data
}

export interface Opened extends Content {
  readonly token: Token
}

/**
 * One line for each part: JSON has no line breaks, and the texts of the data are JSON already, so nothing is encoded twice. The
 * last line is padding.
 */
const WHOLE = 'w'
const DATA_ONLY = 'd'
/** The lines before the data. */
const LINES = { [WHOLE]: 8, [DATA_ONLY]: 2 } as const

export function toPlain(token: Token, { id, record, data }: Content): string {
  let plain = record === null ? `${DATA_ONLY}${token}\n${id}` : `${WHOLE}${token}\n${id}\n${wholeLines(record)}`
  for (const [name, text] of Object.entries(data)) {
    plain += `\n${JSON.stringify(name)}\n${text}`
  }
  return `${plain}\n`
}

function wholeLines({ userId, version, createdAt, lastSeenAt, expiresAt, head }: SessionRecord): string {
  return `${JSON.stringify(userId)}\n${version}\n${createdAt}\n${lastSeenAt}\n${expiresAt}\n${JSON.stringify(head)}`
}

/** Only for what `toPlain` made. Returns `null` for a layout that this version does not know. */
export function fromPlain(plain: string): Opened | null {
  const lines = plain.split('\n')
  const [first = '', id = '', userId = '', version, createdAt, lastSeenAt, expiresAt, head = ''] = lines
  const kind = first[0]
  if (kind !== WHOLE && kind !== DATA_ONLY) return null
  const data = toData(lines, LINES[kind])
  const token = first.slice(1) as Token
  if (kind === DATA_ONLY) return { token, id: id as SessionId, record: null, data }
  const record: SessionRecord = {
    kind: 'live',
    id: id as SessionId,
    userId: JSON.parse(userId) as string | null,
    version: Number(version),
    createdAt: Number(createdAt),
    lastSeenAt: Number(lastSeenAt),
    expiresAt: Number(expiresAt),
    head: JSON.parse(head) as Head,
    data,
  }
  return { token, id: record.id, record, data }
}

function toData(lines: readonly string[], from: number): Data {
  const data: Record<string, string> = {}
  for (let at = from; at + 1 < lines.length; at += 2) {
    const [quoted = '', text = ''] = [lines[at], lines[at + 1]]
    const name = quoted.includes('\\') ? (JSON.parse(quoted) as string) : quoted.slice(1, -1)
    define(data, name, text)
  }
  return data
}
