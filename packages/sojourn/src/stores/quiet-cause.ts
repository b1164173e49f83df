/**
 * Where a text begins to quote. An apostrophe within a word does not (`You can't write`), nor do the few words of their own that
 * servers put in quotation marks. Everything else in quotation marks may be an argument: a key, or what is stored.
 */
const UNQUOTED = /^(?:[^'"`‘’“”]|(?<=\p{L})['’](?=(?:t|s|re|ve|ll|d|m)\b)|'(?:maxmemory|maxmemory-policy|yes|no)')*/u

/** Longer texts list things: the longest that a server says about itself has about 350 characters. */
const LONGEST = 500

/** What a name or a code of an error looks like. */
const WORD = /^[\w.$-]{1,80}$/

interface Told {
  readonly name?: unknown
  readonly message?: unknown
  readonly code?: unknown
  readonly syscall?: unknown
}

/**
 * A client's error as it may stand in a log: its name, its code and what it says, up to where that begins to quote. Nothing that hangs
 * on the error comes along: clients put whole commands there. What the operating system says is whole, for it quotes paths and hosts.
 */
export function toQuietCause(error: unknown): Error {
  const { name, message, code, syscall }: Told = Object(error)
  const text = typeof message === 'string' ? message : ''
  const quiet = new Error(typeof syscall === 'string' ? text : untilQuoted(text))
  quiet.name = typeof name === 'string' && WORD.test(name) ? name : 'Error'
  return typeof code === 'string' && WORD.test(code) ? Object.assign(quiet, { code }) : quiet
}

/** The text, up to where it begins to quote; `…` stands for the rest. */
export function untilQuoted(text: string): string {
  const [whole = ''] = UNQUOTED.exec(text) ?? []
  const kept = whole.slice(0, LONGEST)
  return kept.length === text.length ? kept : `${kept.trimEnd()} …`
}
