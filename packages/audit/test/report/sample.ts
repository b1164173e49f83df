import { checks } from '../../src/checks/index.ts'
import { tokenContents } from '../../src/checks/token-contents.ts'
import { tokenStrength } from '../../src/checks/token-strength.ts'
import { scoreTokens } from '../../src/judge/tokens/score.ts'
import type { Evidence, MaskedExchange } from '../../src/model/evidence.ts'
import { cannotJudge, type Finding, fail, inform, notApplicable, pass, VERDICTS } from '../../src/model/finding.ts'
import type { Check, CheckResult, Report } from '../../src/model/report.ts'
import { good, hexSeconds, NOW } from '../tokens/generators.ts'

/** A report of everything a report can hold; every text that an application has a say in is `hostile`. */
export function sampleReport(hostile = 'as it was'): Report {
  const evidence = proof(hostile)
  const weak = scoreTokens(hexSeconds(200), { now: NOW })
  const strong = scoreTokens(good['base64url of 24 bytes']?.(40) ?? [], { now: NOW })
  const found = (id: string): Check => checks.find((check) => check.id === id) ?? tokenStrength
  const results = [
    result(found('fixation'), [
      fail({
        about: 'kept id',
        title: 'An id from before the login is logged in after it',
        detail: `The cookies that were sent with the password (sid, ${hostile}) are logged in after the login.`,
        evidence: [evidence],
      }),
      pass({
        about: 'planted id',
        title: 'The id from before the login opens nothing',
        detail: 'Made-up values are not logged in after the login.',
        evidence: [evidence],
      }),
    ]),
    result(found('logout-ends-session'), [
      fail({
        about: 'logout',
        title: 'The session lives on after logout',
        detail: 'A copy of cookie sid is still logged in after the logout.',
        severity: 'critical',
        confidence: 'firm',
        evidence: [evidence],
        why: hostile,
        fix: { text: hostile, snippets: { [hostile]: hostile } },
      }),
      cannotJudge({
        about: 'refresh after logout',
        title: 'No clear answer to a refresh',
        detail: `It was answered ${hostile}.`,
      }),
    ]),
    result(tokenStrength, [
      fail({
        about: 'cookie sid',
        title: 'Tokens have too few bits that cannot be guessed',
        detail: [...weak.reasons, ...weak.limits].join(' '),
        data: { score: weak },
        evidence: [evidence],
      }),
      pass({
        about: 'bearer',
        title: 'Nothing was found that helps to guess a token',
        detail: strong.limits.join(' '),
        data: { score: strong },
      }),
    ]),
    result(tokenContents, [
      inform({
        about: `cookie ${hostile}`,
        title: 'JWT, readable',
        detail: `Anyone who holds it can read: ${hostile} (user), exp (time).`,
        data: { kind: 'jwt' },
      }),
    ]),
    result({ ...tokenContents, id: 'bearer-in-storage', title: 'Where the browser keeps the token' }, [
      notApplicable({
        about: 'bearer',
        title: 'No bearer token',
        detail: 'The application carries its session in cookies.',
      }),
    ]),
  ]
  const all = results.flatMap(({ findings }) => findings)
  return {
    version: 1,
    tool: { name: '@sojourn/audit', version: '0.1.0' },
    target: 'http://localhost:3000/',
    startedAt: new Date(NOW).toISOString(),
    durationMs: 34_567,
    application: {
      login: `POST /login with the form at /login ${hostile}`,
      carriers: ['cookie sid'],
      loggedInCheck: `GET /account shows "Sign out" ${hostile}`,
      logout: null,
      source: 'discovery',
    },
    untrusted: null,
    results,
    counts: Object.fromEntries(
      VERDICTS.map((verdict) => [verdict, all.filter((one) => one.verdict === verdict).length]),
    ) as Report['counts'],
    timeline: Array.from({ length: 140 }, (_, i) => exchange(i + 1, hostile)),
    leftBehind: [`A session of user alice could not be ended (${hostile}).`],
  }
}

function result({ run: _, ...check }: Check, findings: readonly Finding[]): CheckResult {
  const verdict = VERDICTS.find((one) => findings.some((finding) => finding.verdict === one)) ?? 'pass'
  const reported = findings.map((finding) => ({
    ...finding,
    fingerprint: `${check.id}/${finding.about}`,
    accepted: false,
  }))
  return {
    check,
    verdict,
    severity: verdict === 'fail' ? (findings[0]?.severity ?? check.severity) : null,
    findings: reported,
    durationMs: 1234,
  }
}

const CLIENTS = ['visitor', 'victim', 'attacker', 'copy after the logout', 'victim with planted cookies', 'sampler']
const STATUSES = [200, 302, 200, 401, 200, 200, 404, 500]

function exchange(number: number, hostile: string): MaskedExchange {
  const client = CLIENTS[Math.floor(number / 12) % CLIENTS.length] ?? ''
  return {
    number,
    client: number % 40 === 0 ? hostile : client,
    purpose: number % 3 === 0 ? 'log in' : 'logged-in check',
    startedAt: NOW + number * 230,
    durationMs: 40 + (number % 7) * 60,
    request: {
      method: 'POST',
      url: `http://localhost:3000/login?next=${hostile}`,
      headers: [
        ['cookie', 'sid=$SID_1'],
        ['x-odd', hostile],
      ],
      body: `user=alice&password=$PASSWORD&odd=${hostile}`,
    },
    response:
      number % 50 === 0
        ? null
        : {
            status: STATUSES[number % STATUSES.length] ?? 200,
            headers: [
              ['set-cookie', `sid=$SID_2; Path=/; HttpOnly`],
              ['content-type', 'text/html'],
            ],
            body: `<h1>Hello</h1>${hostile}`,
          },
    fault: number % 50 === 0 ? `connection reset ${hostile}` : null,
  }
}

function proof(hostile: string): Evidence {
  return {
    says: `The cookie of before the login is logged in after it. ${hostile}`,
    curl: [
      "curl -i 'http://localhost:3000/login' -H 'cookie: sid='\"$SID_1\" --data-urlencode 'user=alice' --data-urlencode \"password=$PASSWORD\"",
      `curl -i 'http://localhost:3000/account' -H 'x-odd: ${hostile}'`,
    ],
    variables: [
      { name: 'SID_1', from: 'cookie sid, set by exchange 1' },
      { name: 'PASSWORD', from: hostile },
    ],
    exchanges: [exchange(3, hostile), exchange(50, hostile)],
  }
}
