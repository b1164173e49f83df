import { toUtf8 } from '../../core/lib/bytes.ts'
import { toKeys } from '../../core/token/keys.ts'
import { equalText, hashSecret, macOf } from '../../core/token/token.ts'
import { toAsciiJson } from '../../stores/sql/stored-text.ts'
import type { Fields } from '../entry.ts'

/** The place of a line in its chain. */
export interface Place {
  /** A random name of the chain. */
  readonly log: string
  /** From 1. */
  readonly seq: number
  readonly hash: string
}

/** One line, as it is stored. */
export interface AuditLine extends Place {
  /** When it happened, ms since the epoch. */
  readonly at: number
  /** One JSON object in ASCII, without a line break. */
  readonly text: string
}

/** A line that was read, and whose parts have the right form. Its hash is not checked yet. */
export interface ParsedLine extends AuditLine {
  readonly prev: string
  /** The text that the hash covers. */
  readonly body: string
}

/** Makes and checks the hash of a line. */
export interface Seal {
  make(body: string): string
  fits(line: ParsedLine): boolean
  /** The hash of any other text, such as a line that was cut off. */
  ofText(text: string): string
}

/** With keys, HMAC-SHA-256 with the first one; any of them fits. Without keys, SHA-256. */
export function createSeal(keys?: readonly (string | Uint8Array)[]): Seal {
  const macs = keys === undefined ? [] : toKeys(keys, 'auditLog: keys')
  const [newest] = macs
  const make = (text: string): string =>
    newest === undefined ? hashSecret(toUtf8(LABEL + text)) : macOf(newest, LABEL + text)
  return {
    make,
    ofText: (text) => hashSecret(toUtf8(text)),
    fits({ body, hash }) {
      const all = newest === undefined ? [make(body)] : macs.map((key) => macOf(key, LABEL + body))
      return all.some((each) => equalText(each, hash))
    },
  }
}

/** The key may be used elsewhere too. */
const LABEL = 'sojourn audit log v1 '

/** The line that follows `before`. The hash covers everything in front of it: the order, the line before, and the fields. */
export function toLine(seal: Seal, { log, seq: last, hash: prev }: Place, at: number, fields: Fields): AuditLine {
  const seq = last + 1
  const body = toAsciiJson({ log, seq, prev, at: new Date(at).toISOString(), ...bounded(fields) })
  const hash = seal.make(body)
  return { log, seq, at, hash, text: `${body.slice(0, -1)},"hash":"${hash}"}` }
}

/** A reader of the log must be able to hold a line in memory. */
const MAX_CHARACTERS = 65_536

function bounded(fields: Fields): Fields {
  const characters = toAsciiJson(fields).length
  if (characters <= MAX_CHARACTERS) return fields
  const { by = null, type = null, id = null, userId = null } = fields
  return { by, type, id, userId, tooLarge: characters }
}

const LINE =
  /^(\{"log":"([\w-]{22})","seq":(\d{1,15}),"prev":"([\w-]{43}|)","at":"([\dT:.Z+-]{20,30})",.*),"hash":"([\w-]{43})"\}$/

/** `null` if the text does not have the form of a line. */
export function parseLine(text: string): ParsedLine | null {
  const [, open, log = '', seq, prev = '', at = '', hash = ''] = LINE.exec(text) ?? []
  return open === undefined ? null : { log, seq: Number(seq), prev, at: Date.parse(at), hash, text, body: `${open}}` }
}

/** The fields of a line whose hash fits. `null` if it is not JSON: without keys, anybody can make a hash that fits. */
export function fieldsOf({ body }: ParsedLine): Readonly<Record<string, unknown>> | null {
  try {
    return JSON.parse(body) as Record<string, unknown>
  } catch {
    return null
  }
}

/** A place as one word, to keep elsewhere. */
export function toAnchor({ log, seq, hash }: Place): string {
  return `${log}:${seq}:${hash}`
}

/** `null` if the text is no anchor. */
export function fromAnchor(text: string): Place | null {
  const [, log = '', seq, hash = ''] = /^([\w-]{22}):(\d{1,15}):([\w-]{43})$/.exec(text) ?? []
  return seq === undefined ? null : { log, seq: Number(seq), hash }
}
