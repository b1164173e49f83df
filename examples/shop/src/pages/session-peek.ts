import type { Session } from 'sojourn'
import { ago } from './format.ts'
import { type Html, html } from './html.ts'

/** The parts of a session that may be shown. The token is not among them: a handler cannot even read it. */
export type Peek = Pick<
  Session,
  'id' | 'isNew' | 'userId' | 'authenticatedAt' | 'methods' | 'lastSeenAt' | 'expiresAt' | 'refused' | 'data'
>

/** Shows the content of this visitor's session in the footer of every page, because this is a demonstration. */
export function sessionPeek(session: Peek): Html {
  return html`
    <details class="peek">
      <summary>Look inside this session</summary>
      ${session.isNew ? noSession(session) : facts(session)}
    </details>`
}

function noSession({ refused }: Peek): Html {
  return html`<p>There is none: nothing is stored about you, here or in your browser.
    ${refused !== null && html`The cookie you sent was refused (<code>${refused}</code>).`}</p>`
}

function facts(session: Peek): Html {
  return html`
    <dl>
      <div><dt>id</dt><dd><code>${session.id}</code></dd></div>
      <div><dt>userId</dt><dd><code>${session.userId ?? 'null (anonymous)'}</code></dd></div>
      ${session.authenticatedAt && html`<div><dt>authenticatedAt</dt><dd>${ago(session.authenticatedAt)}, by <code>${session.methods.join(', ')}</code></dd></div>`}
      <div><dt>lastSeenAt</dt><dd>${ago(session.lastSeenAt)}</dd></div>
      <div><dt>expiresAt</dt><dd>${ago(session.expiresAt)}, unless used</dd></div>
      <div><dt>data</dt><dd><code>${JSON.stringify(session.data)}</code></dd></div>
    </dl>`
}
