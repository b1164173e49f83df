import { type Agent, agents } from './agents.ts'
import type { History, Position, Step } from './history.ts'
import {
  activity,
  at,
  createDevice,
  createPerson,
  DAY,
  type Device,
  HOUR,
  live,
  MINUTE,
  type Person,
  START,
  seen,
  textOf,
} from './honest.ts'
import { addressOf, internet } from './internet.ts'
import type { Random } from './random.ts'

interface Made {
  readonly attackMs: number
  readonly steps: readonly Step[]
}
type Make = (random: Random) => Made

const bySequence = (steps: readonly Step[]): readonly Step[] => [...steps].sort((a, b) => a.atMs - b.atMs)

/** What thieves have: their own browser, most often on Windows. */
const THIEVES: readonly (readonly [number, readonly [Agent, number]])[] = [
  [60, ['chromeWindows', 152]],
  [15, ['firefoxWindows', 155]],
  [10, ['chromeMac', 152]],
  [10, ['chromeLinux', 152]],
  [5, ['edgeWindows', 152]],
]

const ownBrowser = (random: Random): Device => {
  const [agent, newest] = random.weighted(THIEVES)
  return { agent, major: newest - random.int(0, 1) }
}

/** A cookie is copied, sold and used: some minutes to a day later. The owner continues as usual, or is away. */
function theft(
  random: Random,
  owner: Person,
  delayMs: number,
  toThief: (owner: Person) => Position,
  isAway = false,
): Made {
  const times = activity(random, START, START + 3 * DAY)
  const copied = random.int(1, Math.max(1, times.length - 20))
  const copiedMs = (times[copied] ?? START) + 1
  const used = copiedMs + random.exp(delayMs) + 10_000
  const thief = toThief(owner)
  const thefts = activity(random, used, used + random.exp(2 * HOUR) + 10 * MINUTE)
  const mine = isAway ? times.filter((atMs) => atMs < copiedMs) : times
  return {
    attackMs: used,
    steps: bySequence([
      ...live(random, 'owner', [[START, owner.home]], mine),
      { atMs: copiedMs, who: 'thief', does: 'copy', from: 'owner', ...seen(random, [[0, owner.home]], copiedMs) },
      ...thefts.map((atMs) => ({
        atMs: Math.floor(atMs),
        who: 'thief',
        does: 'visit' as const,
        ...seen(random, [[0, thief]], atMs),
      })),
    ]),
  }
}

/** Where the cookie of an infostealer is used: rented servers, VPNs, proxies in homes, the thief's own line. */
const placeOf = (random: Random, { city }: Person): Position['access'] =>
  random.weighted([
    [30, () => internet.host(random)],
    [25, () => internet.vpn(random, city, true)],
    [15, () => internet.residential(random, city)],
    [30, () => internet.home(random, internet.abroad(random, city))],
  ])()

const person = (random: Random): Person => createPerson(random, random.is(0.25))

function ownBrowserTheft(random: Random): Made {
  return theft(random, person(random), 3 * HOUR, (owner) =>
    at(random, placeOf(random, owner), textOf(ownBrowser(random))),
  )
}

/** An anti-detect browser copies everything that the log of the infostealer says of the victim. */
function disguised(random: Random): Made {
  return theft(random, person(random), 3 * HOUR, (owner) => at(random, placeOf(random, owner), owner.agent))
}

function disguisedNearby(random: Random): Made {
  return theft(random, person(random), 20 * MINUTE, (owner) =>
    at(random, internet.residential(random, owner.city), owner.agent),
  )
}

function disguisedAway(random: Random): Made {
  return theft(
    random,
    person(random),
    20 * MINUTE,
    (owner) => at(random, internet.residential(random, owner.city), owner.agent),
    true,
  )
}

function script(random: Random): Made {
  const agent = random.weighted([
    [35, agents.python(2)],
    [15, agents.curl(8)],
    [15, agents.headless(152)],
    [35, ''],
  ])
  const isCopied = agent === ''
  return theft(random, person(random), 10 * MINUTE, (owner) =>
    at(random, internet.host(random), isCopied ? owner.agent : agent),
  )
}

/** Behind the same address, with the same browser: a neighbor, or malware that works on the victim's own device. */
function sameNetwork(random: Random): Made {
  return theft(random, person(random), 10 * MINUTE, (owner) => owner.home)
}

/** The victim logs in through the attacker's page, so the session begins with the attacker. */
function phishing(random: Random): Made {
  const { agent } = person(random)
  const proxy = at(random, internet.host(random), agent)
  const later = random.is(0.6) ? proxy : at(random, internet.host(random), textOf(ownBrowser(random)))
  const times = activity(random, START, START + 6 * HOUR)
  return {
    attackMs: START,
    steps: live(
      random,
      'thief',
      [
        [START, proxy],
        [START + 5 * MINUTE, later],
      ],
      times,
    ),
  }
}

function afterLogout(random: Random): Made {
  const { home, random: _ } = person(random)
  const times = activity(random, START, START + 5 * HOUR)
  const end = (times.at(-1) ?? START) + MINUTE
  const thief = at(random, internet.host(random), textOf(ownBrowser(random)))
  const used = end + random.exp(3 * HOUR)
  return {
    attackMs: used,
    steps: bySequence([
      ...live(random, 'owner', [[START, home]], times),
      { atMs: end - 1, who: 'thief', does: 'copy', from: 'owner', ...seen(random, [[0, home]], end) },
      { atMs: end, who: 'owner', does: 'logout', ...seen(random, [[0, home]], end) },
      { atMs: used, who: 'thief', does: 'visit', ...seen(random, [[0, thief]], used) },
    ]),
  }
}

/** A cookie from an older backup or log. */
function oldToken(random: Random): Made {
  const { home } = person(random)
  const times = activity(random, START, START + 2 * DAY)
  const thief = at(random, internet.host(random), home.agent)
  const copied = (times[1] ?? START) + 1
  const used = START + DAY + random.exp(8 * HOUR)
  return {
    attackMs: used,
    steps: bySequence([
      ...live(random, 'owner', [[START, home]], times),
      { atMs: copied, who: 'thief', does: 'copy', from: 'owner', ...seen(random, [[0, home]], copied) },
      { atMs: used, who: 'thief', does: 'visit', ...seen(random, [[0, thief]], used) },
    ]),
  }
}

/** The attacker begins a session, plants its token, and comes back after the victim's login. */
function fixation(random: Random): Made {
  const { home } = person(random)
  const thief = at(random, internet.host(random), textOf(ownBrowser(random)))
  // The store remembers how the planted session ended for as long as it would have lasted: half an hour without a request.
  const login = START + 10 * MINUTE
  const used = login + random.exp(10 * MINUTE)
  const step = (atMs: number, who: string, does: Step['does'], where: Position, from?: string): Step => ({
    atMs,
    who,
    does,
    ...(from !== undefined && { from }),
    ...seen(random, [[0, where]], atMs),
  })
  return {
    attackMs: used,
    steps: bySequence([
      step(START, 'thief', 'write', thief),
      step(login - 1, 'owner', 'copy', home, 'thief'),
      step(login, 'owner', 'login', home),
      step(login + 60_000, 'owner', 'visit', home),
      step(used, 'thief', 'visit', thief),
    ]),
  }
}

/** Many requests of one address, at some pace. */
function flood(random: Random, does: Step['does'], count: number, betweenMs: number): Made {
  const access = random.is(0.6) ? internet.host(random) : internet.home(random, createPerson(random, false).city)
  const peer = addressOf(access, random, random.int(0, 60_000), false)
  const agent = random.is(0.5) ? agents.python(2) : textOf(createDevice(random, false))
  let atMs = START
  const steps = Array.from({ length: count }, (_, i): Step => {
    atMs += random.exp(betweenMs)
    return { atMs: Math.floor(atMs), who: `visitor ${i}`, does, peer, agent }
  })
  return { attackMs: START, steps }
}

const probing: Make = (random) => flood(random, 'forge', random.int(100, 400), random.one([50, 500, 2000, 10_000]))
const creating: Make = (random) => flood(random, 'write', random.int(1200, 2000), random.one([20, 100, 200, 600]))
const spraying: Make = (random) => flood(random, 'fail', random.int(250, 800), random.one([50, 300, 1000, 3000]))

function privileged(random: Random): Made {
  const { home } = person(random)
  const step = (atMs: number, does: Step['does']): Step => ({
    atMs,
    who: 'owner',
    does,
    ...seen(random, [[0, home]], atMs),
  })
  return { attackMs: START + MINUTE, steps: [step(START, 'write'), step(START + MINUTE, 'privileged')] }
}

export const HOSTILE: Readonly<Record<string, { readonly text: string; readonly make: Make }>> = {
  'own-browser': { text: "a stolen cookie in the thief's own browser", make: ownBrowserTheft },
  disguised: { text: "a stolen cookie in a copy of the owner's browser, from anywhere", make: disguised },
  'disguised-nearby': {
    text: 'the same from a home in the country of the owner, who is active',
    make: disguisedNearby,
  },
  'disguised-away': { text: 'the same while the owner is away', make: disguisedAway },
  script: { text: 'a stolen cookie in a script on a rented server', make: script },
  'same-network': { text: 'a stolen cookie behind the same address, with the same browser', make: sameNetwork },
  phishing: { text: "a login through the attacker's page (adversary in the middle)", make: phishing },
  'after-logout': { text: 'a token that is used after its logout', make: afterLogout },
  'old-token': { text: 'a token that was renewed since', make: oldToken },
  fixation: { text: 'a planted token that is used after the login', make: fixation },
  probing: { text: '100 to 400 guessed tokens', make: probing },
  creating: { text: '1200 to 2000 new sessions of one address', make: creating },
  spraying: { text: '250 to 800 failed logins of one address', make: spraying },
  privileged: { text: 'rights in an anonymous session', make: privileged },
}

export function makeHostile(kind: string, random: Random): History {
  const made = HOSTILE[kind]?.make(random)
  return { kind, hostile: true, attackMs: Math.floor(made?.attackMs ?? 0), steps: made?.steps ?? [] }
}
