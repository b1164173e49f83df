import type { Audit, Login } from '../audit/audit.ts'
import { settingsOf } from '../audit/channel.ts'
import { parseJwt } from '../jwt/jwt.ts'
import type { Check } from '../model/check.ts'
import { cannotJudge, type Finding, fail, inform, pass } from '../model/finding.ts'

/** Parts of the patience after which a session that was left alone is looked at, one session for each. */
const LOOKS = [1 / 8, 1 / 4, 1 / 2, 1] as const
/** How often the session that is kept busy is used. */
const BUSY_PARTS = 16

export const timeouts: Check = {
  id: 'timeouts',
  title: 'Sessions end by themselves',
  wstg: ['WSTG-SESS-07'],
  asvs: ['7.3.1', '7.3.2', '9.2.1'],
  cwe: [613],
  severity: 'medium',
  proves:
    'With --patience: when a session that is left alone, and one that is used, end on the server. Without it: what the server says.',
  cannotProve: 'Limits that are longer than the patience.',
  why: 'A session without end waits for whoever finds the copy.',
  fix: { text: 'Enforce an idle and an absolute limit on the server; what the cookie says binds nobody.' },
  needs: [],
  async run(audit) {
    const login = await audit.shared()
    const said = saysOf(audit, login)
    const { patienceMs } = audit.options
    if (patienceMs === 0) {
      const detail = `Not measured (--patience does). ${said.words}`
      return [cannotJudge({ about: 'limits', title: 'Not measured', detail, data: { saidSeconds: said.seconds } })]
    }
    return measure(audit, said, patienceMs)
  },
}

interface Said {
  readonly words: string
  /** When the credential ends by its own words, from the login on; `null`: it does not say. */
  readonly seconds: number | null
}

/** What the server says about how long it lasts. */
function saysOf(audit: Audit, login: Login): Said {
  const [setting] = settingsOf(login.exchanges, audit.carriers.flat())
  const jwt = parseJwt(login.credential.bearer ?? setting?.cookie.value ?? '')
  const end = jwt?.payload.exp
  if (typeof end === 'number') {
    const seconds = Math.round(end - (login.exchanges.at(-1)?.startedAt ?? 0) / 1000)
    return { words: `The token says that it ends after ${seconds} s.`, seconds }
  }
  if (jwt !== null) return { words: 'The token says nothing of an end (no exp).', seconds: null }
  const seconds = setting?.cookie.maxAgeSeconds ?? null
  if (seconds !== null) return { words: `The cookie says that it ends after ${seconds} s.`, seconds }
  return { words: 'The cookie says nothing of an end.', seconds: null }
}

async function measure(audit: Audit, said: Said, patienceMs: number): Promise<readonly Finding[]> {
  const idle: Login[] = []
  for (const part of LOOKS) idle.push(await audit.login(`left alone for ${part} of the patience`))
  const busy = await audit.login('kept busy')
  const began = performance.now()
  const endedIdle: { after: number; evidence: ReturnType<Audit['evidence']> }[] = []
  const aliveIdle: number[] = []
  let endedBusy: number | null = null
  for (let part = 1; part <= BUSY_PARTS; part++) {
    await audit.wait(Math.max(0, (patienceMs * part) / BUSY_PARTS - (performance.now() - began)))
    const seconds = (performance.now() - began) / 1000
    if (endedBusy === null && (await audit.look(busy.client, 'is the busy one still in')).state === 'out')
      endedBusy = seconds
    const at = LOOKS.findIndex((look) => look * BUSY_PARTS === part)
    const waiting = idle[at]
    if (waiting === undefined) continue
    // As a thief would: without the browser's own idea of when the cookie ends.
    const { state, exchange } = await audit.probe('left alone', endless(waiting))
    if (state === 'in') aliveIdle.push(seconds)
    if (state === 'out')
      endedIdle.push({
        after: seconds,
        evidence: audit.evidence(`Left alone for ${seconds.toFixed(0)} s.`, [exchange]),
      })
  }
  return [
    idleFinding(endedIdle[0]?.after ?? null, aliveIdle.at(-1) ?? null),
    absoluteFinding(endedBusy, patienceMs),
    ...clientOnly(audit, said, aliveIdle.at(-1) ?? 0, idle),
  ]
}

const endless = ({ credential }: Login) => ({
  ...credential,
  cookies: credential.cookies.map((cookie) => ({ ...cookie, expiresAt: null })),
})

function idleFinding(ended: number | null, alive: number | null): Finding {
  const about = 'idle limit'
  if (ended !== null)
    return pass({
      about,
      title: 'Ends when left alone',
      detail: `A session that was left alone was over after ${ended.toFixed(0)} s.`,
    })
  if (alive === null) return cannotJudge({ about, title: 'No clear answer', detail: 'The server gave none.' })
  return inform({
    about,
    title: 'Longer than the patience',
    detail: `A session that was left alone for ${alive.toFixed(0)} s was still logged in.`,
  })
}

function absoluteFinding(ended: number | null, patienceMs: number): Finding {
  const about = 'absolute limit'
  if (ended !== null)
    return pass({ about, title: 'Ends in use too', detail: `A session in use was over after ${ended.toFixed(0)} s.` })
  return inform({
    about,
    title: 'Longer than the patience',
    detail: `A session in use was still logged in after ${(patienceMs / 1000).toFixed(0)} s.`,
  })
}

/** The client was told an end that has passed, and the server does not know of it. */
function clientOnly(audit: Audit, said: Said, alive: number, idle: readonly Login[]): Finding[] {
  const slack = 5
  if (said.seconds === null || alive <= said.seconds + slack) return []
  const detail = `${said.words} After ${alive.toFixed(0)} s a copy of it was still logged in: only the client ends it.`
  const exchanges = audit.exchanges.filter(({ client }) => client === 'left alone').slice(-1)
  return [
    fail({
      about: 'end by the client',
      title: 'Only the client ends it',
      detail,
      evidence: [audit.evidence(detail, [...(idle[0]?.exchanges.slice(-1) ?? []), ...exchanges])],
    }),
  ]
}
