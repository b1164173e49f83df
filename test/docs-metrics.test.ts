import type { Sessions } from 'sojourn'
import { withSession } from 'sojourn/fetch'
import { expect, test, vi } from 'vitest'
import { runSnippet } from './docs/run.ts'
import { snippetsOf } from './docs/snippets.ts'

const PAGE = 'docs/how-to/measure-sessions.md'

/** The number of listening servers that keep this process alive. */
const listening = (): number => process.getActiveResourcesInfo().filter((name) => name === 'TCPServerWrap').length

test('the page about metrics: Prometheus reads counters of events, and whether the store answers', async () => {
  const snippets = snippetsOf(PAGE)
  const [metrics, source] = ['metrics.ts', 'sessions.ts'].map((name) => snippets.find((one) => one.name === name))
  if (metrics === undefined || source === undefined) throw new Error(`${PAGE} shows too little`)
  const servers = listening()
  const running = await runSnippet({ ...metrics, code: `${metrics.code}\nexport { sessions }\n` }, snippets)
  const { sessions } = running.exports as { sessions: Sessions<object> }
  const handler = withSession(sessions, async (_request, session) => {
    await session.login('ada')
    return new Response()
  })
  await handler(new Request('https://shop.example/', { headers: { cookie: '__Host-session=made-up' } }))

  // Otherwise a process that was told to stop would never end.
  expect(listening()).toBe(servers)

  const health = vi.spyOn(sessions, 'health').mockResolvedValue({ ok: true, store: 'memory', latencyMs: 250 })
  const response = await fetch(running.origins[0] ?? '')
  expect(response.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/)
  const lines = (await response.text()).split('\n')
  expect(lines).toContain('sojourn_session_created_total{kind="login"} 1')
  expect(lines).toContain('sojourn_token_refused_total{reason="malformed"} 1')
  expect(lines).toContain('sojourn_store_up 1')
  expect(lines, 'the first scrape, not the one before').toContain('sojourn_store_latency_seconds 0.25')
  expect(lines).toContainEqual(
    expect.stringMatching(/^sojourn_store_operation_duration_seconds_count\{.*"create"\} 1$/),
  )
  health.mockRestore()
  await running.stop()
  await sessions.close()
})
