/** A part of the tokens that is not secret: a clock, a counter, a documented format. */
export interface Structure {
  readonly id: 'clock' | 'counter' | 'uuid' | 'object id' | 'xid' | 'ulid' | 'ksuid' | 'snowflake' | 'uniqid'
  readonly text: string
  /** The letters that are known to anyone who knows the time or the last token; `to` is exclusive. */
  readonly from: number
  readonly to: number
}

export interface Clock {
  /** When each token was issued, if that is known. */
  readonly at: readonly number[] | undefined
  readonly now: number
}
