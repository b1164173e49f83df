import type { RequestView } from '../../core/contracts/carrier.ts'
import type { Answer, Guard, Sight } from '../../core/contracts/guard.ts'
import type { SessionId } from '../../core/contracts/record.ts'
import {
  type Acting,
  markUsed,
  reportFault,
  reportOn,
  revoke,
  revokeAll,
  wasUsed,
} from '../../core/request/for-guards.ts'
import type { LinkFacts } from './link.ts'
import type { Settings } from './options.ts'
import type { PageParts } from './page.ts'
import type { NewDeviceLogin, NewDeviceText, PageText } from './text.ts'
import { inWords } from './words.ts'

/** Why sessions end. */
const REASON = 'disowned'

/**
 * The page of the link. Mail scanners and browsers load links that nobody clicked, so a GET only shows a button, and the POST of
 * the button ends sessions. The link is the only proof: the user may open it on any browser.
 */
export function createEndpoint(settings: Settings): (guard: Guard, acting: Acting, sight: Sight) => Promise<Answer> {
  const { page, links } = settings
  /** A second click waits for the first. */
  const running = new Map<string, Promise<number>>()

  function disownOnce(guard: Guard, acting: Acting, facts: LinkFacts, nowMs: number): Promise<number> {
    const mine = running.get(facts.id) ?? disown(settings, guard, acting, facts, nowMs)
    running.set(facts.id, mine)
    return mine.finally(() => running.delete(facts.id))
  }

  return async (guard, acting, { view, now }) => {
    const show = (status: number, reason: string, toContent: (words: NewDeviceText) => Content): Answer =>
      inWords(settings, guard, acting, null, (words) => page(status, reason, words, ...toContent(words)))

    async function judge(facts: LinkFacts): Promise<Answer> {
      const login = toLogin(settings, facts)
      const toAsk = (words: NewDeviceText): Content => [
        words.ask(login, settings.all),
        { facts: words.facts(login), button: words.button },
      ]
      if (Number(now) >= facts.untilMs) return show(410, 'link-expired', ({ expired }) => [expired])
      if (await wasUsed(acting, toLinkKey(facts))) return show(410, 'link-used', ({ used }) => [used])
      if (view.method !== 'POST') return show(200, 'link', toAsk)
      // A page of another site would press the button for the user. It must not, even if it knows the link.
      if (isFromOtherSite(view)) return show(403, 'cross-origin', toAsk)
      await disownOnce(guard, acting, facts, Number(now))
      return show(200, 'disowned', ({ done }) => [done(login, settings.all)])
    }

    if (!['GET', 'HEAD', 'POST'].includes(view.method)) {
      const answer = show(405, 'method', ({ wrong }) => [wrong])
      return { ...answer, headers: { ...answer.headers, allow: 'GET, HEAD, POST' } }
    }
    try {
      const facts = await links.read(view.url)
      return facts === null ? show(404, 'link-wrong', ({ wrong }) => [wrong]) : await judge(facts)
    } catch (error) {
      reportFault(acting, guard, error)
      const answer = show(503, 'link-failed', ({ failed }) => [failed])
      return { ...answer, headers: { ...answer.headers, 'retry-after': '5' } }
    }
  }
}

type Content = readonly [text: PageText, parts?: PageParts]

/**
 * The link counts as used at the end: if the store or the application fails before, the user can press the button again. Until
 * then, all of it can be repeated without harm.
 */
async function disown(
  settings: Settings,
  guard: Guard,
  acting: Acting,
  facts: LinkFacts,
  nowMs: number,
): Promise<number> {
  const { userId, device, atMs, untilMs } = facts
  const id = facts.id as SessionId
  const ended = (await revoke(acting, id, REASON)) ? 1 : 0
  const count = ended + (settings.all ? await revokeAll(acting, userId, REASON) : 0)
  await markUsed(acting, toDeviceKey(device), nowMs + settings.rememberMs)
  await settings.disowned({ userId, id, loggedInAt: new Date(atMs), count })
  await markUsed(acting, toLinkKey(facts), untilMs)
  reportOn(
    acting,
    guard,
    { id, userId },
    {
      finding: 'disowned',
      score: 1,
      message: `The user says that this login was not theirs. Live sessions that ended: ${count}. Somebody may know their password.`,
    },
  )
  return count
}

/** The same for each spelling of a link. */
function toLinkKey({ id }: LinkFacts): string {
  return `new-device link ${id}`
}

/** Whether the user disowned a device, so that its cookie counts for nothing. */
export function isDisowned(acting: Acting, device: string): Promise<boolean> {
  return Promise.resolve(wasUsed(acting, toDeviceKey(device)))
}

function toDeviceKey(device: string): string {
  return `new-device disowned ${device}`
}

function toLogin({ site }: Settings, { client, country, atMs, untilMs }: LinkFacts): NewDeviceLogin {
  return { site, device: client, country, at: new Date(atMs), until: new Date(untilMs) }
}

/** Browsers without `Sec-Fetch-Site` send `Origin: null`, because the page sends no referrer. */
function isFromOtherSite(view: RequestView): boolean {
  const site = view.header('sec-fetch-site') ?? ''
  return !['', 'none', 'same-origin'].includes(site)
}
