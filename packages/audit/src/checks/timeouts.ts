import type { Audit, Check, Login, Probe } from '../audit/audit.ts'
import { parseJwt } from '../judge/jwt.ts'
import { cannotJudge, type Finding, fail, inform, pass } from '../model/finding.ts'
import { settingsOf } from './lib/cookie-settings.ts'

/** Fractions of the patience after which an idle session is tested, with one session for each. */
const LOOKS = [1 / 8, 1 / 4, 1 / 2, 1] as const
/** How often the active session is used, so that an idle limit does not end it. */
const FEWEST_PARTS = 16
const MOST_PARTS = 192
const LONGEST_PAUSE_MS = 10_000

export const timeouts: Check = {
  id: 'timeouts',
  title: 'Sessions end by themselves',
  wstg: ['WSTG-SESS-07'],
  asvs: ['7.3.1', '7.3.2', '9.2.1'],
  cwe: [613],
  severity: 'medium',
  proves:
    'With --patience: when an idle session, and one that is in use, end on the server. Without it: the limits that the server declares.',
  cannotProve: 'Limits that are longer than the patience.',
  why: 'A session without a limit stays valid for anyone who finds a copy.',
  fix: { text: 'Enforce an idle and an absolute limit on the server; the lifetime of the cookie restricts nobody.' },
  needs: [],
  async run(audit) {
    const login = await audit.users.sharedLogin()
    const said = saysOf(audit, login)
    const { patienceMs } = audit.app.options
    if (patienceMs === 0) {
      const detail = `Not measured (--patience does). ${said.words}`
      return [cannotJudge({ about: 'limits', title: 'Not measured', detail, data: { saidSeconds: said.seconds } })]
    }
    return measure(audit, said, patienceMs)
  },
}

interface Said {
  readonly words: string
  /** When the credential expires as declared, from the login on. `null`: nothing is declared. */
  readonly seconds: number | null
}

/** Returns the lifetime that the server declares. */
function saysOf(audit: Audit, login: Login): Said {
  const [setting] = settingsOf(login.exchanges, audit.app.carriers.flat())
  const jwt = parseJwt(login.credential.bearer ?? setting?.cookie.value ?? '')
  const end = jwt?.payload.exp
  if (typeof end === 'number') {
    const seconds = Math.round(end - (login.exchanges.at(-1)?.startedAt ?? 0) / 1000)
    return { words: `The token declares that it expires after ${seconds} s.`, seconds }
  }
  if (jwt !== null) return { words: 'The token declares no expiry (no exp).', seconds: null }
  const seconds = setting?.cookie.maxAgeSeconds ?? null
  if (seconds !== null) return { words: `The cookie declares that it expires after ${seconds} s.`, seconds }
  return { words: 'The cookie declares no expiry.', seconds: null }
}

interface Seen {
  /** The shortest idle time in s after which a session had ended. */
  readonly endedIdle: number | null
  /** The longest idle time after which a session was still logged in. */
  readonly aliveIdle: number | null
  readonly endedBusy: number | null
  /** It survived an idle time between two uses, so an idle limit did not end it. */
  readonly outlivedPause: boolean
}

async function measure(audit: Audit, said: Said, patienceMs: number): Promise<readonly Finding[]> {
  const idle: Login[] = []
  for (const part of LOOKS) idle.push(await audit.users.login(`left alone for ${part} of the patience`))
  const busy = await audit.users.login('kept busy')
  const began = audit.time.now()
  // If a login ends the previous one, that must not be mistaken for a timeout.
  const alive = new Set<Login>()
  for (const login of idle) if (await isIn(audit, login)) alive.add(login)
  const seen = await watch(
    audit,
    patienceMs,
    busy,
    (part) => {
      const login = idle[LOOKS.indexOf(part)]
      return login !== undefined && alive.has(login) ? login : null
    },
    began,
  )
  return [
    idleFinding(seen, alive.size),
    absoluteFinding(seen, patienceMs),
    ...clientOnly(audit, said, seen.aliveIdle ?? 0, idle),
  ]
}

/** As an attacker would: ignores when the cookie expires in the browser. */
const isIn = async (audit: Audit, login: Login) => (await audit.ask.with('left alone', endless(login))).state === 'in'

async function watch(
  audit: Audit,
  patienceMs: number,
  busy: Login,
  leftAlone: (part: number) => Login | null,
  began: number,
): Promise<Seen> {
  const parts = partsOf(patienceMs)
  let seen: Seen = { endedIdle: null, aliveIdle: null, endedBusy: null, outlivedPause: false }
  for (let part = 1; part <= parts; part++) {
    await audit.time.wait(Math.max(0, (patienceMs * part) / parts - (audit.time.now() - began)))
    const seconds = (audit.time.now() - began) / 1000
    if (seen.endedBusy === null) {
      const { state } = await use(audit, busy)
      if (state === 'out') seen = { ...seen, endedBusy: seconds }
      if (state === 'in') seen = { ...seen, outlivedPause: true }
    }
    const waiting = leftAlone(part / parts)
    if (waiting === null) continue
    const { state } = await audit.ask.with('left alone', endless(waiting))
    if (state === 'in') seen = { ...seen, aliveIdle: seconds }
    if (state === 'out') seen = { ...seen, endedIdle: seen.endedIdle ?? seconds }
  }
  return seen
}

/** Often enough to avoid most idle limits, and a multiple of the fractions in `LOOKS`. */
function partsOf(patienceMs: number): number {
  const wanted = Math.min(Math.max(patienceMs / LONGEST_PAUSE_MS, FEWEST_PARTS), MOST_PARTS)
  return Math.ceil(wanted / FEWEST_PARTS) * FEWEST_PARTS
}

/** Uses the client that logged in, with its latest values, and without the browser's own expiry. */
async function use(audit: Audit, { client }: Login): Promise<Probe> {
  for (const cookie of client.cookies()) client.hold({ ...cookie, expiresAt: null })
  return audit.ask.as(client, 'is the busy one still in')
}

const endless = ({ credential }: Login) => ({
  ...credential,
  cookies: credential.cookies.map((cookie) => ({ ...cookie, expiresAt: null })),
})

function idleFinding({ endedIdle, aliveIdle }: Seen, alive: number): Finding {
  const about = 'idle limit'
  if (alive === 0)
    return cannotJudge({
      about,
      title: 'One session at a time',
      detail: 'Each login ended the session before it, so none could be left idle.',
    })
  if (endedIdle !== null)
    return pass({
      about,
      title: 'Ends when idle',
      detail: `An idle session ended after ${endedIdle.toFixed(0)} s.`,
    })
  if (aliveIdle === null) return cannotJudge({ about, title: 'No clear answer', detail: 'The server gave none.' })
  return inform({
    about,
    title: 'Longer than the patience',
    detail: `A session that was idle for ${aliveIdle.toFixed(0)} s was still logged in.`,
  })
}

function absoluteFinding({ endedBusy, outlivedPause }: Seen, patienceMs: number): Finding {
  const about = 'absolute limit'
  if (endedBusy !== null && !outlivedPause)
    return cannotJudge({
      about,
      title: 'Ended before it was used again',
      detail: `The session that should be kept in use had ended at its first use, after ${endedBusy.toFixed(0)} s: an idle limit or an absolute limit can cause this.`,
    })
  if (endedBusy !== null)
    return pass({
      about,
      title: 'Ends while in use',
      detail: `A session in use ended after ${endedBusy.toFixed(0)} s.`,
    })
  if (!outlivedPause) return cannotJudge({ about, title: 'No clear answer', detail: 'The server gave none.' })
  return inform({
    about,
    title: 'Longer than the patience',
    detail: `A session in use was still logged in after ${(patienceMs / 1000).toFixed(0)} s.`,
  })
}

/** The declared expiry has passed, and the server does not enforce it. */
function clientOnly(audit: Audit, said: Said, alive: number, idle: readonly Login[]): Finding[] {
  const slack = 5
  if (said.seconds === null || alive <= said.seconds + slack) return []
  const detail = `${said.words} After ${alive.toFixed(0)} s a copy of it was still logged in: only the client ends it.`
  const exchanges = audit.app.exchanges.filter(({ client }) => client === 'left alone').slice(-1)
  return [
    fail({
      about: 'end by the client',
      title: 'Only the client ends it',
      detail,
      evidence: [audit.say.evidence(detail, [...(idle[0]?.exchanges.slice(-1) ?? []), ...exchanges])],
    }),
  ]
}
