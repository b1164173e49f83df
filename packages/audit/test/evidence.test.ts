import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { auditApplication, checks, type Report } from '@sojourn/audit'
import { expect, test, vi } from 'vitest'
import { createSecrets, shellWord, shown } from '../src/http/masking.ts'
import { cookieRecipe } from './gallery/recipes.ts'
import { audit, findings, notGivenIn } from './support/audit.ts'
import { ALICE, cookieApp } from './support/cookie-app.ts'
import { serve } from './support/serve.ts'
import { shownIn, tokensIn } from './support/tokens-seen.ts'
import { listenerOf } from './support/web.ts'

vi.setConfig({ testTimeout: 60_000 })

const run = promisify(execFile)

test('the commands of a failure, run in a shell, show it again', async () => {
  const served = await serve(listenerOf(cookieApp({ keepsId: true })))
  try {
    const report = await auditApplication({
      target: served.url,
      user: ALICE,
      checks: checks.filter(({ id }) => id === 'fixation'),
    })
    const finding = report.results[0]?.findings.find(({ about }) => about === 'kept id')
    const [evidence] = finding?.evidence ?? []
    // As a reader would: the cookie is taken from the answer to the first command.
    const [visit = '', ...rest] = evidence?.curl ?? []
    const { stdout } = await run('sh', ['-c', visit])
    const [, sid = ''] = /sid=([0-9a-f]+)/.exec(stdout) ?? []
    const name = evidence?.variables.find(({ from }) => from.startsWith('cookie sid'))?.name ?? ''
    const env = { ...process.env, PASSWORD: ALICE.password, [name]: sid }
    const answers = []
    for (const command of rest) answers.push((await run('sh', ['-c', command], { env })).stdout)
    expect(answers.at(-1)).toContain('Account of alice')
  } finally {
    await served.close()
  }
})

test.each([
  ['new-login-ends-old', { forgetsOld: true }],
  ['logout-everywhere', { everywhere: 'own' }],
  ['password-change', { passwordChange: 'ends none' }],
  ['logout-ends-session', { logout: 'nothing' }],
] as const)('the commands of a failure give out every id that they use: %s', async (check, switches) => {
  const report = await audit(cookieApp(switches), [check], { recipe: cookieRecipe, allowChanges: true })
  const failures = findings(report).filter(({ verdict }) => verdict === 'fail')
  expect(failures).not.toEqual([])
  expect(failures.flatMap(({ evidence }) => evidence).flatMap(notGivenIn)).toEqual([])
})

test('an answer of a server cannot break out of a command', async () => {
  const nasty = '"; touch /tmp/broken; echo "`id`$(id)$HOME\\ !\'\n${IFS}'
  const { stdout } = await run('sh', ['-c', `printf %s ${shellWord(nasty)}`])
  expect(stdout).toBe(nasty)
})

test('secrets are masked in every coding, the longest first', () => {
  const secrets = createSecrets()
  secrets.learn('pass word/é', 'password', 'the user')
  secrets.learn('abcdefgh', 'sid', 'a cookie')
  secrets.learn('abcdefghij', 'sid', 'a cookie')
  const text = 'pass word/é pass%20word%2F%C3%A9 abcdefghij abcdefgh'
  expect(shown(secrets.mark(text))).toBe('$PASSWORD $PASSWORD_ENCODED $SID_2 $SID')
})

test('the helper of these tests sees every token of an exchange that a report shows, whole or in part', () => {
  const [id, signature] = ['eyJ4oxV32PLyL_RaSE_tVc-4LRW3p3tf', 'pmmjUfUCOsPyjoVTHNtgkwg4lLO3v0qm4QhSGJkdI']
  const jwt = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbGljZSJ9.c2lnbmF0dXJlc2lnbmF0dXJl'
  const seen = tokensIn({
    request: {
      method: 'GET',
      url: '/',
      body: null,
      headers: [
        ['cookie', 'theme=dark; old=0123456789abcdef0123'],
        ['authorization', 'Bearer opaque-opaque-opaque'],
      ],
    },
    response: {
      status: 200,
      headers: [['set-cookie', `sid=s%3A${id}.${signature}; Path=/`]],
      body: `{"access_token":"${jwt}","etag":"eyJ4oxV32PLyL_RaSE_tVc-4LRW3p3tg"}`,
    },
  })
  const reported = (text: string) => shownIn({ untrusted: text } as Report, seen)
  for (const token of [id, signature, `s%3A${id}.${signature}`, '0123456789abcdef0123', 'opaque-opaque-opaque', jwt])
    expect(reported(`shown: ${token}`)).toContain(token)
  expect(reported('dark eyJ4oxV32PLyL_RaSE_tVc-4LRW3p3tg. and $SID')).toEqual([])
})
