import { attempt } from './maybe.ts'

export type Warn = (message: string) => void

/** Looks `console.warn` up each time, because a test or a logger may replace it. */
export function toConsole(what: unknown): void {
  console.warn(what)
}

/** Calls the application's `warn`. If that fails, its error goes to the console, but no request fails and no process ends. */
export function tell(warn: Warn, message: string): void {
  attempt(() => warn(`sojourn: ${message}`), toConsole)
}
