import type { Session } from 'sojourn'
import { type Disowned, type NewDeviceNotice, type NewDeviceOptions, newDevice } from 'sojourn/guards/new-device'
import {
  type Client,
  createWorld,
  headerOf,
  type RequestOptions,
  type TestData,
  toView,
  type WorldOptions,
} from '../../core/kit.ts'
import { agents } from '../anomaly/agents.ts'

export const KEY = 'q7Jb2mZs0XwT4hRk9vLd6cNf1gYp8aUe'
export const OTHER_KEY = 'W3nB8xQz5tKc0rMj7yHv2dGs6pFa9eLu'
export const ORIGIN = 'https://shop.example'
export const PATH = '/this-was-not-me'

export const HOME = '198.51.100.7'
export const MOBILE = '192.0.2.44'
export const ABROAD = '203.0.113.90'
const COUNTRIES: Readonly<Record<string, string>> = { [HOME]: 'DE', [MOBILE]: 'DE', [ABROAD]: 'BR' }
export const locate = (address: string) => ({ country: COUNTRIES[address] })

export const by = (agent: string, peer = HOME): RequestOptions => ({ headers: { 'user-agent': agent }, peer })
export const CHROME = by(agents.chromeWindows(142))
export const FIREFOX = by(agents.firefoxLinux(140))

/** A shop whose users are told about new devices. */
export function openShop(options: Partial<NewDeviceOptions> = {}, rest: WorldOptions<TestData> = {}) {
  const notices: NewDeviceNotice[] = []
  const disowned: Disowned[] = []
  const guardOf = () =>
    newDevice({
      origin: ORIGIN,
      keys: [KEY],
      notify: (notice) => void notices.push(notice),
      disowned: (report) => void disowned.push(report),
      ...options,
    })
  const guard = guardOf()
  const world = createWorld<TestData>({ ...rest, guards: [guard, ...(rest.guards ?? [])] })
  const logIn = async (client: Client<TestData>, request = CHROME, userId = 'ada') =>
    (
      await client.send(async (session: Session<TestData>) => {
        await session.login(userId)
        return session.id
      }, request)
    ).value
  /** What the login of a browser made: the findings of the event, in order. */
  const findings = () => world.eventsOf('finding').map(({ finding }) => finding)

  /** A request to the page of a link, from a browser without a session. */
  async function visit(link: string, request: RequestOptions = {}) {
    const url = link.replace(ORIGIN, '')
    const exchange = await world.sessions.open(toView({ url, ...request }))
    const headers = await exchange.commit()
    await exchange.finish()
    const { answer } = exchange
    if (answer === null) throw new Error('No guard answered.')
    return { ...answer, body: answer.body ?? '', sets: headerOf(headers, 'set-cookie') }
  }
  const press = (link: string, headers: Readonly<Record<string, string>> = { 'sec-fetch-site': 'same-origin' }) =>
    visit(link, { method: 'POST', headers })
  const isLive = async (id: string) => (await world.kept(id as never))?.kind === 'live'
  const lastNotice = (): NewDeviceNotice => {
    const notice = notices.at(-1)
    if (notice === undefined) throw new Error('Nobody was told.')
    return notice
  }
  return { ...world, notices, disowned, logIn, findings, visit, press, isLive, lastNotice, guard, guardOf }
}
