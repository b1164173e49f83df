import { NextResponse } from 'next/server'
import { shared } from './shared.ts'

/** Renews tokens for pages. Next.js leaves prefetches out because of `missing`. */
export function proxy(request: Request): Promise<Response> {
  const { next, sessions } = shared()
  return next.withSession(sessions, () => NextResponse.next())(request)
}

export const config = {
  matcher: [
    {
      source: '/proxied/:path*',
      missing: [
        { type: 'header', key: 'next-router-prefetch' },
        { type: 'header', key: 'purpose', value: 'prefetch' },
      ],
    },
  ],
}
