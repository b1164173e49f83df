import { type Agent, agents } from './agents.ts'
import type { History, Position, Step } from './history.ts'
import { type Access, addressOf, CITIES, type City, internet } from './internet.ts'
import type { Random } from './random.ts'

export const MINUTE = 60_000
export const HOUR = 60 * MINUTE
export const DAY = 24 * HOUR
export const START = Date.UTC(2030, 0, 7, 7)

/** From a time on, a client is somewhere. */
export type Places = readonly (readonly [fromMs: number, position: Position])[]

/** The versions of a browser that are in use at one time: most people have the newest two. */
const version = (random: Random, newest: number): number => newest - Math.min(6, Math.floor(random.exp(0.7)))

/** Shares of browsers as StatCounter reports them, rounded. */
const DESKTOP: readonly (readonly [number, readonly [Agent, number]])[] = [
  [55, ['chromeWindows', 152]],
  [10, ['chromeMac', 152]],
  [3, ['chromeLinux', 152]],
  [14, ['edgeWindows', 152]],
  [9, ['safariMac', 26]],
  [6, ['firefoxWindows', 155]],
  [1, ['firefoxLinux', 155]],
  [2, ['operaWindows', 136]],
]
const PHONE: readonly (readonly [number, readonly [Agent, number]])[] = [
  [60, ['chromeAndroid', 152]],
  [24, ['safariIphone', 26]],
  [4, ['samsung', 29]],
  [4, ['chromeIphone', 152]],
]

export interface Device {
  readonly agent: Agent
  readonly major: number
}

export const createDevice = (random: Random, isPhone: boolean): Device => {
  const [agent, newest] = random.weighted(isPhone ? PHONE : DESKTOP)
  return { agent, major: version(random, newest) }
}

export const textOf = ({ agent, major }: Device): string => agents[agent](major)

export function at(random: Random, access: Access, agent: string): Position {
  // Half of the networks have IPv6 (Google's statistics), and browsers prefer it but not always get it.
  return { access, host: random.int(0, 60_000), agent, v6: random.is(0.5) ? random.one([0.7, 0.9, 1]) : 0 }
}

/** When a person makes requests: visits of some minutes with a page each half a minute, hours apart, and not at night. */
export function activity(random: Random, fromMs: number, untilMs: number): readonly number[] {
  const times: number[] = []
  let now = fromMs
  while (now < untilMs) {
    const end = now + random.exp(6 * MINUTE) + MINUTE
    while (now < end && now < untilMs) {
      times.push(Math.floor(now))
      now += random.exp(40_000) + 3000
    }
    now += random.exp(2.5 * HOUR) + 10 * MINUTE
    const hour = ((now - START) / HOUR) % 24
    if (hour > 15) now += (24 - hour) * HOUR
  }
  return times
}

/** A client that logs in and works. `times` beside the usual ones can be given. */
export function live(random: Random, who: string, places: Places, times: readonly number[]): readonly Step[] {
  return times.map((atMs, i) => ({
    atMs,
    who,
    does: i === 0 ? ('login' as const) : ('visit' as const),
    ...seen(random, places, atMs),
  }))
}

/** The address and the agent at a time. */
export function seen(random: Random, places: Places, atMs: number): Pick<Step, 'peer' | 'agent'> {
  const [, { access, host, agent, v6 }] = places.findLast(([fromMs]) => fromMs <= atMs) ?? (places[0] as Places[number])
  return { peer: addressOf(access, random, host, random.is(v6)), agent }
}

export interface Person {
  readonly random: Random
  readonly city: City
  readonly device: Device
  readonly agent: string
  readonly home: Position
}

export function createPerson(random: Random, isPhone: boolean): Person {
  const city = random.one(CITIES)
  const device = createDevice(random, isPhone)
  const agent = textOf(device)
  return { random, city, device, agent, home: at(random, internet.home(random, city), agent) }
}

const days = (random: Random): number => START + random.int(1, 3) * DAY

type Make = (random: Random) => readonly Step[]

function stay(random: Random): readonly Step[] {
  const { home } = createPerson(random, random.is(0.4))
  return live(random, 'owner', [[START, home]], activity(random, START, days(random)))
}

/** Between the Wi-Fi at home, that of other places, and the mobile network, a few times a day (Yang 2014, Fukuda 2015). */
function roam(random: Random, hoursBetween: number): readonly Step[] {
  const { city, agent, home } = createPerson(random, true)
  const places = [
    home,
    at(random, internet.mobile(random, city), agent),
    at(random, internet.home(random, city), agent),
  ]
  const until = days(random)
  const moves: [number, Position][] = [[START, home]]
  for (let now = START; now < until; now += random.exp(hoursBetween * HOUR) + 20_000)
    moves.push([now, random.one(places)])
  return live(random, 'owner', moves, activity(random, START, until))
}

/** At the edge of a Wi-Fi, a phone changes the network every minute for a while. */
function flap(random: Random): readonly Step[] {
  const { city, agent, home } = createPerson(random, true)
  const mobile = at(random, internet.mobile(random, city), agent)
  const times = activity(random, START, days(random))
  const from = random.one(times)
  const moves: [number, Position][] = [[START, home]]
  let isHome = true
  for (let now = from; now < from + random.exp(6 * MINUTE) + MINUTE; now += random.exp(80_000) + 10_000) {
    isHome = !isHome
    moves.push([now, isHome ? home : mobile])
  }
  moves.push([from + HOUR, home])
  return live(
    random,
    'owner',
    moves.sort(([a], [b]) => a - b),
    times,
  )
}

function commute(random: Random): readonly Step[] {
  const { city, agent, home } = createPerson(random, false)
  const office = at(random, internet.office(random, city), agent)
  const cafe = at(random, internet.home(random, city), agent)
  const moves: [number, Position][] = [0, 1, 2].flatMap((day) => [
    [START + day * DAY, home],
    [START + day * DAY + 2 * HOUR, office],
    [START + day * DAY + 6 * HOUR, random.is(0.3) ? cafe : office],
    [START + day * DAY + 11 * HOUR, home],
  ])
  return live(random, 'owner', moves, activity(random, START, days(random)))
}

/** The proxies of a company take turns, in two data centers. */
function company(random: Random): readonly Step[] {
  const { city, agent } = createPerson(random, false)
  const access = internet.office(random, city)
  const times = activity(random, START, days(random))
  const exits = Array.from({ length: random.int(2, 6) }, () => at(random, access, agent))
  return live(
    random,
    'owner',
    times.map((atMs) => [atMs, random.one(exits)]),
    times,
  )
}

/** Each connection can leave through another company and address, in the same region (Apple). */
function relay(random: Random): readonly Step[] {
  const { city, agent, home } = createPerson(random, random.is(0.7))
  const times = activity(random, START, days(random))
  const isOff = random.is(0.2)
  return live(
    random,
    'owner',
    times.map((atMs) => [atMs, isOff && random.is(0.1) ? home : at(random, internet.relay(random, city), agent)]),
    times,
  )
}

/** Turns a VPN on and off, half of the time to another country. */
function vpn(random: Random): readonly Step[] {
  const { city, agent, home } = createPerson(random, random.is(0.4))
  const exit = at(random, internet.vpn(random, city, random.is(0.5)), agent)
  const until = days(random)
  const moves: [number, Position][] = [[START, random.is(0.5) ? home : exit]]
  for (let now = START; now < until; now += random.exp(5 * HOUR)) moves.push([now, random.one([home, exit])])
  return live(random, 'owner', moves, activity(random, START, until))
}

/** A VPN that some of the connections do not use. */
function split(random: Random): readonly Step[] {
  const { city, agent, home } = createPerson(random, false)
  const exit = at(random, internet.vpn(random, city, random.is(0.3)), agent)
  const times = activity(random, START, days(random))
  return live(
    random,
    'owner',
    times.map((atMs) => [atMs, random.is(0.2) ? home : exit]),
    times,
  )
}

/** A browser gets a new version every two weeks (Chrome since 153), and begins to use it with a restart. */
function update(random: Random): readonly Step[] {
  const { device, home } = createPerson(random, random.is(0.4))
  const until = START + 6 * DAY
  const newer: Position = { ...home, agent: textOf({ ...device, major: device.major + random.int(1, 2) }) }
  return live(
    random,
    'owner',
    [
      [START, home],
      [START + random.next() * 5 * DAY, newer],
    ],
    activity(random, START, until),
  )
}

/** Works, flies, and opens the laptop again in another country. */
function fly(random: Random): readonly Step[] {
  const { city, agent, home } = createPerson(random, random.is(0.5))
  const there = internet.abroad(random, city)
  const hotel = at(random, internet.home(random, there), agent)
  const isPhone = random.is(0.5)
  const first = activity(random, START, START + 10 * HOUR)
  const landed = (first.at(-1) ?? START) + flightMs(city, there) + random.exp(HOUR)
  const times = [...first, ...activity(random, landed, landed + DAY)]
  const local = at(random, internet.mobile(random, isPhone ? there : city), agent)
  return live(
    random,
    'owner',
    [
      [START, home],
      [landed - 1, hotel],
      [landed + 3 * HOUR, isPhone ? local : hotel],
    ],
    times,
  )
}

/** At 850 km/h, with two hours at the airports. */
function flightMs(from: City, to: City): number {
  const [a, b, c, d] = [from.latitude, to.latitude, from.longitude, to.longitude].map(
    (deg) => (deg * Math.PI) / 180,
  ) as [number, number, number, number]
  const km = 6371 * Math.acos(Math.min(1, Math.sin(a) * Math.sin(b) + Math.cos(a) * Math.cos(b) * Math.cos(d - c)))
  return (km / 850 + 2) * HOUR
}

/** Abroad, the mobile network of a phone still ends at home, and the Wi-Fi of the hotel does not. */
function visitAbroad(random: Random): readonly Step[] {
  const { city, agent } = createPerson(random, true)
  const hotel = at(random, internet.home(random, internet.abroad(random, city)), agent)
  const mobile = at(random, internet.mobile(random, city), agent)
  const until = days(random)
  const moves: [number, Position][] = []
  for (let now = START; now < until; now += random.exp(3 * HOUR)) moves.push([now, random.one([hotel, mobile])])
  return live(random, 'owner', moves, activity(random, START, until))
}

/** The Wi-Fi of an airplane ends at a ground station, which may be on another continent. */
function inflight(random: Random): readonly Step[] {
  const { city, agent, home } = createPerson(random, false)
  const plane = at(random, internet.home(random, internet.abroad(random, city)), agent)
  const first = activity(random, START, START + 5 * HOUR)
  const takenOff = (first.at(-1) ?? START) + 2 * HOUR
  const times = [...first, ...activity(random, takenOff, takenOff + 6 * HOUR)]
  return live(
    random,
    'owner',
    [
      [START, home],
      [takenOff - 1, plane],
    ],
    times,
  )
}

/** A tablet or a phone asks for the desktop site now and then. */
function desktopSite(random: Random): readonly Step[] {
  const { home } = createPerson(random, true)
  const [usual, other] = random.one([
    [agents.safariIpad(26), agents.safariMac(26)],
    [agents.chromeAndroid(152), agents.chromeLinux(152)],
  ])
  const times = activity(random, START, days(random))
  return live(
    random,
    'owner',
    times.map((atMs) => [atMs, { ...home, agent: random.is(0.15) ? other : usual }]),
    times,
  )
}

/** An app makes requests of its own and shows pages, with one cookie. */
function app(random: Random): readonly Step[] {
  const { home } = createPerson(random, true)
  const [own, page] = random.one([
    [agents.appIphone(5), agents.safariIphone(26)],
    ['okhttp/4.12.0', agents.webViewAndroid(150)],
  ])
  const times = activity(random, START, days(random))
  return live(
    random,
    'owner',
    times.map((atMs) => [atMs, { ...home, agent: random.is(0.5) ? own : page }]),
    times,
  )
}

/** A browser that crashed brings back its cookies of some minutes or hours before. */
function restored(random: Random): readonly Step[] {
  const { home } = createPerson(random, false)
  const places: Places = [[START, home]]
  const times = activity(random, START, days(random))
  const crash = random.int(2, times.length - 1)
  const saved = Math.max(1, crash - 1 - Math.floor(random.exp(6)))
  const steps = live(random, 'owner', places, times)
  const near = (index: number, by: number): number => (times[index] ?? START) + by
  const extra = (atMs: number, does: Step['does'], who: string, from: string): Step => ({
    atMs,
    who,
    does,
    from,
    ...seen(random, places, atMs),
  })
  return [
    ...steps,
    extra(near(saved, 1), 'copy', 'disk', 'owner'),
    extra(near(crash, -1), 'copy', 'owner', 'disk'),
  ].sort((a, b) => a.atMs - b.atMs)
}

/** In the morning, the people of a company log in from one address, and some mistype their password. */
function morning(random: Random): readonly Step[] {
  const { city } = createPerson(random, false)
  const access = internet.office(random, city)
  const host = random.int(0, 60_000)
  const people = random.int(50, 400)
  return Array.from({ length: people }, (_, i) => {
    const atMs = START + Math.floor(random.next() * 20 * MINUTE)
    const peer = addressOf(access, random, host, false)
    const step = { who: `person ${i}`, peer, agent: textOf(createDevice(random, false)) }
    const failed = random.is(0.08) ? [{ ...step, atMs: atMs - 5000, does: 'fail' as const }] : []
    return [
      ...failed,
      { ...step, atMs, does: 'login' as const },
      { ...step, atMs: atMs + 3000, does: 'visit' as const },
    ]
  })
    .flat()
    .sort((a, b) => a.atMs - b.atMs)
}

/** The share of each kind among sessions, in percent, and how it is made. */
export const HONEST: Readonly<Record<string, { readonly share: number; readonly text: string; readonly make: Make }>> =
  {
    stay: { share: 34, text: 'one network at a time', make: stay },
    roam: { share: 22, text: 'Wi-Fi and mobile network, a few moves a day', make: (random) => roam(random, 3) },
    'roam-often': {
      share: 3,
      text: 'Wi-Fi and mobile network, a move every 15 minutes',
      make: (random) => roam(random, 0.25),
    },
    flap: { share: 2, text: 'at the edge of a Wi-Fi, a move every minute', make: flap },
    commute: { share: 9, text: 'a laptop at home, in the office, in a café', make: commute },
    company: { share: 8, text: 'proxies of a company that take turns', make: company },
    relay: { share: 4, text: 'iCloud Private Relay', make: relay },
    vpn: { share: 5, text: 'a VPN that is turned on and off', make: vpn },
    split: { share: 0.5, text: 'a VPN for a part of the connections', make: split },
    update: { share: 6, text: 'a browser update while logged in', make: update },
    fly: { share: 1.5, text: 'a flight to another country', make: fly },
    abroad: { share: 1.5, text: 'a phone abroad: hotel Wi-Fi and the mobile network of home', make: visitAbroad },
    inflight: { share: 0.3, text: 'Wi-Fi in an airplane', make: inflight },
    'desktop-site': { share: 0.7, text: 'the desktop site on a tablet or phone', make: desktopSite },
    app: { share: 2, text: 'an app that also shows web pages', make: app },
    restored: { share: 0.3, text: 'a browser that crashed and brought back old cookies', make: restored },
    morning: { share: 0.2, text: '50 to 400 people who log in behind one address', make: morning },
  }

export function makeHonest(kind: string, random: Random): History {
  const steps = HONEST[kind]?.make(random) ?? []
  return { kind, hostile: false, attackMs: null, steps }
}
