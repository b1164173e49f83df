import type { Category } from '../catalogue.ts'
import { type Html, html } from './html.ts'
import { type Peek, sessionPeek } from './session-peek.ts'

export interface Notice {
  readonly text: string
  readonly link?: { readonly href: string; readonly text: string }
}

/** The facts about the visitor that every page shows. */
export interface Visitor {
  readonly name: string | null
  readonly cartCount: number
  readonly alarmCount: number
  readonly notice: Notice | null
  readonly categories: readonly Category[]
  readonly path: string
  readonly peek: Peek
}

export interface Page {
  readonly title: string
  readonly body: Html
}

export function layout({ title, body }: Page, visitor: Visitor): Html {
  return html`<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <meta name="description" content="Wayside sells twelve good things for going away. A demonstration of Sojourn.">
    <title>${title} · Wayside</title>
    <link rel="icon" href="/favicon.svg" type="image/svg+xml">
    <link rel="preload" href="/fonts/young-serif-latin-400-normal.woff2" as="font" type="font/woff2" crossorigin>
    <link rel="stylesheet" href="/css/base.css">
    <link rel="stylesheet" href="/css/frame.css">
    <link rel="stylesheet" href="/css/forms.css">
    <link rel="stylesheet" href="/css/parts.css">
    <link rel="stylesheet" href="/css/shelf.css">
    <link rel="stylesheet" href="/css/product.css">
    <link rel="stylesheet" href="/css/yours.css">
  </head>
  <body>
    <a class="skip" href="#main">Skip to the content</a>
    ${header(visitor)}
    <div class="notices" role="status">${visitor.notice && notice(visitor.notice)}</div>
    <main id="main" tabindex="-1">${body}</main>
    ${footer(visitor)}
  </body>
</html>
`
}

function header(visitor: Visitor): Html {
  return html`
    <header class="top">
      <a class="mark" href="/"><img src="/favicon.svg" alt="" width="34" height="34"> Wayside</a>
      <nav class="shelves" aria-label="Shelves">
        ${visitor.categories.map(({ slug, name }) => navLink(`/shelf/${slug}`, name, visitor))}
      </nav>
      <nav class="yours" aria-label="Yours">
        ${navLink('/cart', cartLabel(visitor.cartCount), visitor)}
        ${visitor.name === null ? navLink('/sign-in', 'Sign in', visitor) : navLink('/account', accountLabel(visitor.name, visitor.alarmCount), visitor)}
        ${visitor.name !== null && html`<form method="post" action="/sign-out"><button class="plain">Sign out</button></form>`}
      </nav>
    </header>`
}

function navLink(href: string, text: string | Html, { path }: Visitor): Html {
  return html`<a href="${href}"${path === href && html` aria-current="page"`}>${text}</a>`
}

function cartLabel(count: number): Html {
  return html`Cart ${count > 0 && html`<span class="count">${count}<span class="unseen"> in it</span></span>`}`
}

function accountLabel(name: string, alarms: number): Html {
  return html`<span class="who">${name}</span> ${alarms > 0 && html`<span class="count">${alarms}<span class="unseen"> to look at</span></span>`}`
}

function notice({ text, link }: Notice): Html {
  return html`<p class="notice">${text} ${link && html`<a href="${link.href}">${link.text}</a>`}</p>`
}

function footer({ peek }: Visitor): Html {
  return html`
    <footer class="bottom">
      <div class="bottom-inner">
        <p><strong>Wayside</strong> is a demonstration of Sojourn. Nothing is sold here, and nothing will arrive.
          Looking around sets no cookie: the first one comes with your cart, or when you sign in.</p>
        ${sessionPeek(peek)}
      </div>
    </footer>`
}
