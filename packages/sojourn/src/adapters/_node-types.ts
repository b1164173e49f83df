/** The common members of requests of node:http, its http2 compatibility API, Connect and Express. */
export interface NodeRequest {
  readonly method?: string | undefined
  readonly url?: string | undefined
  /** Connect and Express keep the whole URL here if a mount path was removed from `url`. */
  readonly originalUrl?: string | undefined
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  /** What a body parser made of the body. */
  readonly body?: unknown
  readonly socket: { readonly remoteAddress?: string | undefined; readonly encrypted?: boolean }
}

/** The members of a connection that are used here. */
export interface Connection {
  readonly remoteAddress?: string | undefined
  destroy?(...args: unknown[]): unknown
}

export type HeaderValue = number | string | readonly string[]

/** The common members of responses of node:http and its http2 compatibility API. */
export interface NodeResponse {
  statusCode: number
  readonly headersSent: boolean
  readonly writableEnded: boolean
  getHeader(name: string): HeaderValue | undefined
  getHeaderNames(): string[]
  hasHeader(name: string): boolean
  setHeader(name: string, value: HeaderValue): unknown
  appendHeader(name: string, value: HeaderValue): unknown
  removeHeader(name: string): void
  writeHead(statusCode: number, ...rest: unknown[]): unknown
  write(...args: unknown[]): boolean
  end(...args: unknown[]): unknown
  /** HTTP/2 has it too, but its types do not declare it. */
  flushHeaders?(): void
  /** Added by compression. */
  flush?(...args: unknown[]): unknown
  destroy(...args: unknown[]): unknown
  /** How many bytes may be buffered before `write` returns `false`. */
  readonly writableHighWaterMark?: number
  /** HTTP/1 only. */
  readonly destroyed?: boolean
  /** HTTP/1 only. */
  socket?: Connection | null
  readonly req?: object
  /** HTTP/2 only. */
  readonly stream?: {
    readonly destroyed: boolean
    close(code: number): unknown
    once(event: 'aborted', listener: () => void): unknown
  }
  on(event: string, listener: () => void): unknown
  once(event: string, listener: () => void): unknown
  emit(event: string): boolean
}

export type Next = (error?: unknown) => void
