/** How an application is logged in to and judged: what a recipe says, or discovery found. */
export interface Application {
  readonly source: 'discovery' | 'recipe'
  /** In words, for the report. */
  readonly login: string
  readonly loggedInCheck: string
  readonly logout: string | null
  /** Where the credential lives. */
  readonly credential: 'cookies' | 'bearer' | 'both'
}
