/** What requests of node:http, its http2 compatibility API, Connect and Express have in common. */
export interface NodeRequest {
  readonly method?: string | undefined
  readonly url?: string | undefined
  /** Connect and Express keep the whole URL here when a mount path was cut off `url`. */
  readonly originalUrl?: string | undefined
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly socket: { readonly remoteAddress?: string | undefined; readonly encrypted?: boolean }
}

/** What of a connection matters here. */
export interface Connection {
  readonly remoteAddress?: string | undefined
  destroy?(...args: unknown[]): unknown
}

export type HeaderValue = number | string | readonly string[]

/** What responses of node:http and of its http2 compatibility API have in common. */
export interface NodeResponse {
  statusCode: number
  readonly headersSent: boolean
  readonly writableEnded: boolean
  getHeader(name: string): HeaderValue | undefined
  getHeaderNames(): string[]
  hasHeader(name: string): boolean
  setHeader(name: string, value: HeaderValue): unknown
  appendHeader(name: string, value: string | readonly string[]): unknown
  removeHeader(name: string): void
  writeHead(statusCode: number, ...rest: unknown[]): unknown
  write(...args: unknown[]): boolean
  end(...args: unknown[]): unknown
  /** HTTP/2 has it too, but its types do not say so. */
  flushHeaders?(): void
  /** Put there by compression. */
  flush?(...args: unknown[]): unknown
  destroy(...args: unknown[]): unknown
  /** How much may wait in memory before `write` answers `false`. */
  readonly writableHighWaterMark?: number
  /** HTTP/1 only. */
  socket?: Connection | null
  readonly req?: object
  /** HTTP/2 only. */
  readonly stream?: { close(code: number): unknown }
  on(event: string, listener: () => void): unknown
  once(event: string, listener: () => void): unknown
  emit(event: string): boolean
}

export type Next = (error?: unknown) => void
