import type { SessionInfo } from 'sojourn'
import type { Alarm } from '../alarms.ts'
import { ago } from './format.ts'
import { type Html, html } from './html.ts'

interface Meaning {
  readonly title: string
  readonly text: string
}

const OTHER_BROWSER: Meaning = {
  title: 'Your session was used in another browser',
  text: 'A session belongs to the browser that signed in. In another one, it is a copy.',
}
const OTHER_PLACE: Meaning = {
  title: 'Your session was used in two places',
  text: 'It moved as no person does, so there may be a copy. A VPN looks like that too.',
}
const TURNED_AWAY: Meaning = {
  title: 'A copy of your session was turned away',
  text: 'It came without the key that stays on your device, so it opened nothing. But somebody may have copied it.',
}

/** The guards' words, in those of the shop. */
const MEANINGS: Readonly<Record<string, Meaning>> = {
  'browser-changed': OTHER_BROWSER,
  'browser-downgraded': OTHER_BROWSER,
  'platform-changed': OTHER_BROWSER,
  'networks-at-once': OTHER_PLACE,
  'impossible-travel': OTHER_PLACE,
  'network-kind-changed': OTHER_PLACE,
  'token-reused': {
    title: 'An old copy of your session was used',
    text: 'Your browser has a newer one, so the copy opened nothing. A browser that crashed can do this too.',
  },
  disowned: {
    title: 'You told us that a login was not you',
    text: 'We signed out all your devices. Whoever logged in knows your password.',
  },
  'device-proof-missing': TURNED_AWAY,
  'device-proof-refused': TURNED_AWAY,
}
const UNUSUAL: Meaning = { title: 'Your session was used in an unusual way', text: 'Somebody may have a copy of it.' }

/** `proof`: the page where this user proves who they are. */
export function alarmList(alarms: readonly Alarm[], devices: readonly SessionInfo[], proof: string): Html {
  return html`
    ${
      alarms.length > 0 &&
      html`
    <section aria-labelledby="alarms" class="panel alarms">
      <h2 id="alarms">Was this you?</h2>
      <ul>${alarms.map((alarm) => alarmRow(alarm, devices, proof))}</ul>
    </section>`
    }`
}

function alarmRow(alarm: Alarm, devices: readonly SessionInfo[], proof: string): Html {
  const { title, text } = MEANINGS[alarm.finding] ?? UNUSUAL
  const session = devices.find(({ id }) => id === alarm.sessionId)
  return html`
    <li class="alarm">
      <h3>${title}</h3>
      <p class="hint">${ago(alarm.at)}, the session of ${alarm.device}${session?.current && ', this device'}</p>
      <p>${text}</p>
      <p class="hint">What we saw: ${alarm.message}</p>
      <p>${whatToDo(session)}</p>
      <div class="row">
        ${session && act(session, proof)}
        <a href="/account/password">Change your password</a>
        <form method="post" action="/account/alarms/${alarm.sessionId}/${alarm.finding}/dismiss"><button class="quiet">This was me</button></form>
      </div>
    </li>`
}

function whatToDo(session: SessionInfo | undefined): string {
  if (session === undefined) return 'That session has ended. If it was not you, change your password.'
  if (!session.current) return 'If it was not you, end that session and change your password.'
  return 'If it was not you, prove that you are you: this device gets a new session key, and no copy works any more. Then change your password.'
}

function act({ id, current }: SessionInfo, proof: string): Html {
  return current
    ? html`<a class="button" href="${proof}?returnTo=%2Faccount">Shut the copy out</a>`
    : html`<form method="post" action="/account/devices/${id}/end"><button>End that session</button></form>`
}
