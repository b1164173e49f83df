import type { Guard } from 'sojourn'
import { assert, assertEqual } from '../assert.ts'
import { type AdapterCase, FAIL_CLOSED } from './context.ts'
import { outage, withWorld } from './world.ts'

const ANSWER = {
  status: 428,
  reason: 'challenge',
  message: 'Answer the challenge.',
  headers: { 'x-challenge': 'abc' },
} as const

/** Answers `/challenge` in place of the handler, and remembers that on the session. */
function challengeGuard(): Guard {
  return {
    name: 'challenge',
    opened: ({ view, note }) =>
      view.url === '/challenge' ? { note: String(Number(note ?? 0) + 1), answer: ANSWER } : null,
    leaving: ({ note }) => (note === null ? [] : [{ name: 'x-asked', value: note, how: 'replace' }]),
  }
}

export const answerCases: readonly AdapterCase[] = [
  {
    name: 'the answer of a guard that saw the session replaces the handler, and carries what guards add to the response',
    run: async (ctx) => {
      const urls: string[] = []
      await withWorld(
        ctx,
        async (session, { url }) => {
          urls.push(url)
          if (url === '/login') await session.login('ada')
          return { body: 'the handler' }
        },
        async ({ visitor }) => {
          const ada = visitor()
          await ada.fetch('/login')
          const response = await ada.fetch('/challenge')
          assertEqual(response.status, ANSWER.status, 'the status')
          assertEqual(await response.text(), `${ANSWER.message}\n`, 'the body')
          assertEqual(response.headers.get('x-challenge'), 'abc', 'the header of the answer')
          assertEqual(response.headers.get('x-asked'), '1', 'the header that the guard adds to each response')
          assertEqual((await ada.fetch('/')).headers.get('x-asked'), '1', 'what the guard remembers')
          assertEqual(urls, ['/login', '/'], 'the requests that the handler saw')
        },
        { guards: [challengeGuard()] },
      )
    },
  },
  {
    name: 'if the note of a guard cannot be stored, its answer is not sent',
    guarantee: FAIL_CLOSED,
    run: async (ctx) => {
      await withWorld(
        ctx,
        async (session) => {
          await session.login('ada')
          return { body: 'the handler' }
        },
        async ({ visitor, intercept }) => {
          const ada = visitor()
          await ada.fetch('/login')
          intercept((operation) => (operation === 'write' ? outage() : undefined))
          const response = await ada.fetch('/challenge')
          assertEqual(response.status, 503, 'the status')
          assert(!response.headers.has('x-challenge'), 'the header of the answer went out')
        },
        { guards: [challengeGuard()] },
      )
    },
  },
]
