import type { Guard, RequestView } from 'sojourn'

/** A guard that lets everything pass and keeps what core sees of each request. */
export function spyGuard(): { readonly guard: Guard; readonly views: RequestView[] } {
  const views: RequestView[] = []
  return {
    views,
    guard: {
      name: 'spy',
      check({ view }) {
        views.push(view)
        return null
      },
    },
  }
}
