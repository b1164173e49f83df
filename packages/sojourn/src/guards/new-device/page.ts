import type { Answer } from '../../core/contracts/guard.ts'
import { toUtf8 } from '../../core/lib/bytes.ts'
import { sha256Text } from '../../core/token/mac.ts'
import { escapeHtml } from './html.ts'
import type { NewDeviceText, PageText } from './text.ts'

const STYLE = `:root{color-scheme:light dark;--back:#f4f4f6;--card:#fff;--text:#1b1b1f;--soft:#5b5b66;--line:#dcdce2;--act:#b3261e;--on-act:#fff}
@media(prefers-color-scheme:dark){:root{--back:#131316;--card:#1e1e23;--text:#ececf1;--soft:#a9a9b5;--line:#35353d;--act:#f2b8b5;--on-act:#601410}}
*{box-sizing:border-box}
body{margin:0;min-height:100vh;display:grid;place-items:center;padding:1rem;background:var(--back);color:var(--text);font:1rem/1.5 system-ui,sans-serif}
main{width:100%;max-width:30rem;padding:2rem;background:var(--card);border:1px solid var(--line);border-radius:1rem;overflow-wrap:anywhere}
h1{margin:0 0 .75rem;font-size:1.5rem;line-height:1.25}
p{margin:0}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.25rem 1.25rem;margin:1.5rem 0 0;padding:1rem 0;border-top:1px solid var(--line);border-bottom:1px solid var(--line)}
dt{color:var(--soft)}
dd{margin:0;font-weight:600}
button{width:100%;margin-top:1.5rem;padding:.8rem 1rem;border:0;border-radius:.6rem;background:var(--act);color:var(--on-act);font:inherit;font-weight:600;cursor:pointer}
button:hover{filter:brightness(1.1)}
button:focus-visible{outline:3px solid var(--text);outline-offset:3px}
@media(max-width:30rem){main{padding:1.5rem}}`

/** What a page shows besides its text. */
export interface PageParts {
  readonly facts?: readonly (readonly [name: string, value: string])[]
  /** The text of the button that posts to this address. */
  readonly button?: string
}

export type PageMaker = (
  status: number,
  reason: string,
  words: NewDeviceText,
  text: PageText,
  parts?: PageParts,
) => Answer

/** Pages of the link: nothing is loaded, nothing keeps them, no other site frames them or learns their address. */
export function createPageMaker(): PageMaker {
  const digest = sha256Text(toUtf8(STYLE)).replaceAll('-', '+').replaceAll('_', '/')
  const headers = {
    'content-type': 'text/html; charset=utf-8',
    'cache-control': 'no-store',
    'content-security-policy': `default-src 'none'; style-src 'sha256-${digest}='; form-action 'self'; frame-ancestors 'none'; base-uri 'none'`,
    'x-frame-options': 'DENY',
    'referrer-policy': 'no-referrer',
    'x-robots-tag': 'noindex, nofollow, noarchive',
    'x-content-type-options': 'nosniff',
    'cross-origin-resource-policy': 'same-origin',
  }
  return (status, reason, words, { heading, text }, { facts = [], button } = {}) => ({
    status,
    reason,
    message: heading,
    headers,
    body: [
      `<!doctype html><html lang="${escapeHtml(words.language)}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><meta name="robots" content="noindex"><title>${escapeHtml(heading)}</title><style>${STYLE}</style></head>`,
      `<body><main><h1>${escapeHtml(heading)}</h1><p>${escapeHtml(text)}</p>`,
      facts.length === 0
        ? ''
        : `<dl>${facts.map(([name, value]) => `<dt>${escapeHtml(name)}</dt><dd>${escapeHtml(value)}</dd>`).join('')}</dl>`,
      // To the address of this page itself, which a proxy may have changed.
      button === undefined ? '' : `<form method="post"><button type="submit">${escapeHtml(button)}</button></form>`,
      '</main></body></html>\n',
    ].join(''),
  })
}
