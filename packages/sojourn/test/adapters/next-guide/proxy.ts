import { NextResponse } from 'next/server'
import { withSession } from 'sojourn/next'
import { sessions } from '@/sessions'

export const proxy = withSession(sessions, () => NextResponse.next())

export const config = {
  matcher: [
    {
      source: '/((?!api|_next).*)',
      missing: [
        { type: 'header', key: 'next-router-prefetch' },
        { type: 'header', key: 'purpose', value: 'prefetch' },
      ],
    },
  ],
}
