/** Data without a schema: unchecked JSON values. */
// biome-ignore lint/suspicious/noExplicitAny: frameworks' global request types cannot know the application's data; see docs/decisions
export type UntypedData = Record<string, any>

/**
 * The data of sessions on the requests of frameworks. The application declares its keys, once, by extending the type of its
 * schema:
 *
 * ```ts
 * declare module 'sojourn' {
 *   interface SessionData extends v.InferOutput<typeof data> {}
 * }
 * ```
 */
// biome-ignore lint/suspicious/noEmptyInterface: only an interface can be added to
export interface SessionData {}

/** `SessionData`, or untyped data if the application declared no key. */
export type RequestData = keyof SessionData extends never ? UntypedData : SessionData
