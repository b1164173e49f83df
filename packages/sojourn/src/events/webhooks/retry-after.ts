/** The longest pause that an endpoint can ask for. */
export const LONGEST_ASKED_MS = 3_600_000

/** The pause that a header `Retry-After` asks for, in seconds. A date is ignored, because clocks differ. */
export function toRetryMs(text: string | null): number {
  return /^\d{1,9}$/.test(text ?? '') ? Math.min(Number(text) * 1000, LONGEST_ASKED_MS) : 0
}
