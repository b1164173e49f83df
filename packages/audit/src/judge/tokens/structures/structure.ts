/** Something in the tokens that is no secret: a clock, a counter, a format that says what it holds. */
export interface Structure {
  readonly id: 'clock' | 'counter' | 'uuid' | 'object id' | 'xid' | 'ulid' | 'ksuid' | 'snowflake' | 'uniqid'
  readonly text: string
  /** The letters that tell nothing to whoever knows the time or the last token; `to` is exclusive. */
  readonly from: number
  readonly to: number
}

export interface Clock {
  /** When each token was issued, where that is known. */
  readonly at: readonly number[] | undefined
  readonly now: number
}
