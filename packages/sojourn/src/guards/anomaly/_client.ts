import type { RequestView } from '../../core/contracts/carrier.ts'
import { createMemory, remember } from './_remember.ts'

/** What a client is, as far as it matters for a comparison. */
export interface Client {
  /** `chrome`, `firefox`, ...; `script` and `headless` for programs that are no browser, `app`, `none` without a header, `?` if unknown. */
  readonly program: string
  /** `windows`, `android`, ...; `?` if unknown. */
  readonly system: string
  /** The major version of the program, 0 if unknown. */
  readonly major: number
}

/** What to look for, and how the program is called here. The first match counts. */
const PROGRAMS: readonly (readonly [sign: RegExp, program: string])[] = [
  [/\b(?:HeadlessChrome|PhantomJS)\/(\d{1,4})/, 'headless'],
  [
    /\b(?:curl|Wget|python-requests|python-urllib3?|Python-urllib|aiohttp|python-httpx|Go-http-client|node-fetch|undici|axios|got|PostmanRuntime|libwww-perl|Java|Apache-HttpClient|Ruby|WindowsPowerShell|PowerShell|HTTPie|insomnia)\/(\d{1,4})/i,
    'script',
  ],
  [/^(?:node|undici|Ruby|Bun\/.*|Deno\/.*)$/, 'script'],
  // Apps: their own requests and the pages that they show can share one cookie.
  [/\b(?:CFNetwork|okhttp|Dalvik|Electron|FBAN|FBAV|Instagram|Dart)\/?(\d{0,4})|; wv\)/, 'app'],
  [/\bEdg(?:e|A|iOS)?\/(\d{1,4})/, 'edge'],
  [/\bOPR\/(\d{1,4})/, 'opera'],
  [/\bSamsungBrowser\/(\d{1,4})/, 'samsung'],
  [/\b(?:Firefox|FxiOS)\/(\d{1,4})/, 'firefox'],
  [/\b(?:Chrome|CriOS)\/(\d{1,4})/, 'chrome'],
  [/\bVersion\/(\d{1,4})[\d.]* (?:Mobile\/\w+ )?Safari\//, 'safari'],
]

const SYSTEMS: readonly (readonly [sign: RegExp, system: string])[] = [
  [/\biPhone|\biPod/, 'iphone'],
  [/\biPad/, 'ipad'],
  [/\bAndroid\b/, 'android'],
  [/\bWindows\b/, 'windows'],
  [/\bCrOS\b/, 'chromeos'],
  [/\bMac(?:intosh| OS X)\b/, 'macos'],
  [/\bLinux\b|\bX11\b/, 'linux'],
]

/** Real headers have about 200 characters. */
const MAX_CHARACTERS = 512
const clients = createMemory<Client>()

/**
 * Reads the client from `User-Agent`. Client hints are not read: browsers leave them out of some requests, such as WebSocket
 * handshakes, and over plain HTTP.
 */
export function clientOf(view: RequestView): Client {
  const text = (view.header('user-agent') ?? '').slice(0, MAX_CHARACTERS)
  return remember(clients, text, parse)
}

function parse(text: string): Client {
  if (text.trim() === '') return { program: 'none', system: '?', major: 0 }
  const [program, major] = first(PROGRAMS, text)
  const [system] = first(SYSTEMS, text)
  return { program, system, major }
}

function first(table: typeof PROGRAMS, text: string): readonly [word: string, major: number] {
  for (const [sign, word] of table) {
    const found = sign.exec(text)
    if (found !== null) return [word, Number(found[1] ?? 0)]
  }
  return ['?', 0]
}

/** How two clients of one session differ. `update`: only a newer version, as all browsers get it. */
export type Difference = 'same' | 'update' | 'downgrade' | 'system' | 'similar-system' | 'program' | 'tool'

const TOOLS: readonly string[] = ['script', 'headless', 'none']

/** Compares by meaning. What is not known is no difference, and apps and their web pages are one client. */
export function differenceOf(before: Client, now: Client): Difference {
  if (before.program === now.program && before.system === now.system) return compareMajors(before.major, now.major)
  if (isTool(before) !== isTool(now) && before.program !== '?' && now.program !== '?') return 'tool'
  if (isVague(before) || isVague(now)) return compareSystems(before.system, now.system)
  if (before.program !== now.program) return 'program'
  return compareSystems(before.system, now.system)
}

function isTool({ program }: Client): boolean {
  return TOOLS.includes(program)
}

function isVague({ program }: Client): boolean {
  return program === '?' || program === 'app' || TOOLS.includes(program)
}

function compareMajors(before: number, now: number): Difference {
  if (before === now || before === 0 || now === 0) return 'same'
  return now > before ? 'update' : 'downgrade'
}

/** A mobile browser that shows "the desktop site" names a desktop system. */
const SIMILAR: readonly (readonly string[])[] = [
  ['iphone', 'ipad', 'macos'],
  ['android', 'linux', 'chromeos'],
]

function compareSystems(before: string, now: string): Difference {
  if (before === now || before === '?' || now === '?') return 'same'
  return SIMILAR.some((group) => group.includes(before) && group.includes(now)) ? 'similar-system' : 'system'
}

const NAMES: Readonly<Record<string, string>> = {
  chrome: 'Chrome',
  edge: 'Edge',
  opera: 'Opera',
  samsung: 'Samsung Internet',
  firefox: 'Firefox',
  safari: 'Safari',
  script: 'a script',
  headless: 'Chrome without a window',
  app: 'an app',
  none: 'a client without a name',
  '?': 'an unknown program',
  iphone: 'iPhone',
  ipad: 'iPad',
  android: 'Android',
  windows: 'Windows',
  chromeos: 'ChromeOS',
  macos: 'macOS',
  linux: 'Linux',
}

/** For a person: `Chrome 142 on Windows`. It has only words of our own, and numbers. */
export function nameOfClient({ program, system, major }: Client): string {
  const version = major > 0 ? ` ${major}` : ''
  const on = system === '?' ? '' : ` on ${NAMES[system] ?? 'an unknown system'}`
  return `${NAMES[program] ?? 'an unknown program'}${version}${on}`
}

export function isKnownProgram(program: string): boolean {
  return Object.hasOwn(NAMES, program)
}
