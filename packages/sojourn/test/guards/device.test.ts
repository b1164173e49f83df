import fc from 'fast-check'
import { describeDevice, type RequestView } from 'sojourn'
import { describe, expect, test } from 'vitest'

function requestOf(headers: Readonly<Record<string, string>>, peer: string | null = null): RequestView {
  return { method: 'POST', url: '/login', secure: true, peer, header: (name) => headers[name] ?? null }
}

const nameOf = (userAgent: string, brands?: string) =>
  describeDevice()(requestOf({ 'user-agent': userAgent, ...(brands === undefined ? {} : { 'sec-ch-ua': brands }) }))
    ?.name ?? null
const ipOf = (peer: string | null, ip?: 'short' | 'full' | 'none') =>
  describeDevice(ip === undefined ? {} : { ip })(requestOf({ 'user-agent': 'curl/8' }, peer))?.ip

describe('the name of a device', () => {
  test.each<[name: string | null, userAgent: string, brands?: string]>([
    ['Firefox on Linux', 'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0'],
    ['Firefox on Windows', 'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0'],
    ['Firefox on Android', 'Mozilla/5.0 (Android 15; Mobile; rv:140.0) Gecko/140.0 Firefox/140.0'],
    [
      'Firefox on iPhone',
      'Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) FxiOS/140.0 Mobile/15E148 Safari/605.1.15',
    ],
    [
      'Chrome on Windows',
      'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/146.0.0.0 Safari/537.36',
      '"Google Chrome";v="146", "Chromium";v="146", "Not=A?Brand";v="24"',
    ],
    [
      'Chrome on macOS',
      'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/146.0.0.0 Safari/537.36',
    ],
    [
      'Chrome on Android',
      'Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/146.0.0.0 Mobile Safari/537.36',
    ],
    [
      'Chrome on ChromeOS',
      'Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/146.0.0.0 Safari/537.36',
    ],
    [
      'Chrome on iPhone',
      'Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/146.0 Mobile/15E148 Safari/604.1',
    ],
    [
      'Chrome on Linux',
      'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/156.0.0.0 Safari/537.36',
    ],
    [
      'Safari on macOS',
      'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15',
    ],
    [
      'Safari on iPhone',
      'Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1',
    ],
    [
      'Safari on iPad',
      'Mozilla/5.0 (iPad; CPU OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1',
    ],
    [
      'Edge on Windows',
      'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/146.0.0.0 Safari/537.36 Edg/146.0.0.0',
      '"Chromium";v="146", "Microsoft Edge";v="146"',
    ],
    [
      'Edge on Android',
      'Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/146.0.0.0 Mobile Safari/537.36 EdgA/146.0.0.0',
    ],
    [
      'Edge on iPhone',
      'Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 EdgiOS/146.0 Mobile/15E148 Safari/605.1.15',
    ],
    [
      'Opera on Linux',
      'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/146.0.0.0 Safari/537.36 OPR/125.0.0.0',
    ],
    [
      'Samsung Internet on Android',
      'Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36',
    ],
    [
      'Brave on macOS',
      'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/146.0.0.0 Safari/537.36',
      '"Chromium";v="146", "Brave";v="146", "Not_A Brand";v="99"',
    ],
    [
      'Chrome on Android',
      'Mozilla/5.0 (Linux; Android 9; CUBOT X19) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/146.0.0.0 Mobile Safari/537.36',
    ],
    [
      'Bot on Android',
      'Mozilla/5.0 (Linux; Android 6.0.1; Nexus 5X) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/146.0.0.0 Mobile Safari/537.36 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)',
    ],
    ['Bot', 'Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)'],
    ['Bot', 'AcmeCrawl (a web crawler)'],
    ['curl', 'curl/8.9.1'],
    ['Wget on Linux', 'Wget/1.21.3 (Linux)'],
    ['Postman', 'PostmanRuntime/7.43.0'],
    ['Android', 'okhttp/4.12 (Android 14)'],
    [null, 'undici'],
    [null, ''],
  ])('%s', (name, userAgent, brands) => {
    expect(nameOf(userAgent, brands)).toBe(name)
  })

  test('is null for a request that says nothing, and so is the device', () => {
    expect(describeDevice()(requestOf({}))).toBeNull()
    expect(describeDevice()(requestOf({ 'user-agent': '<b>?</b>' }, 'no address'))).toBeNull()
  })

  test('looks at the first 512 characters only', () => {
    expect(nameOf(`${' '.repeat(512 - 4)}curl`)).toBe('curl')
    expect(nameOf(`${' '.repeat(512 - 3)}curl`)).toBeNull()
    expect(nameOf('', `${' '.repeat(512 - 4)}Brave`)).toBeNull()
  })

  test('has only words of our own in it, whatever the client says', () => {
    const words = fc.constantFrom(
      'Firefox',
      'Edg',
      'Bot/',
      'Linux',
      'Android',
      '<script>',
      '"',
      '\0',
      '=',
      ',',
      'on',
      '\u202e',
    )
    fc.assert(
      fc.property(fc.array(fc.oneof(words, fc.string({ unit: 'binary' }))), (pieces) => {
        const name = nameOf(pieces.join(''), pieces.join(' '))
        if (name !== null) expect(name).toMatch(/^[A-Z]?[a-zA-Z ]{2,30}$/)
      }),
    )
  })
})

describe('the network of a device', () => {
  test.each<[peer: string | null, short: string | null, full: string | null]>([
    ['203.0.113.77', '203.0.113.0/24', '203.0.113.77'],
    ['0.0.0.0', '0.0.0.0/24', '0.0.0.0'],
    ['255.255.255.255', '255.255.255.0/24', '255.255.255.255'],
    ['::ffff:203.0.113.77', '203.0.113.0/24', '203.0.113.77'],
    ['::FFFF:203.0.113.77', '203.0.113.0/24', '203.0.113.77'],
    ['2001:db8:7:8::1', '2001:db8:7::/48', '2001:db8:7:8::1'],
    ['2001:DB8:7:8:0:0:0:1', '2001:db8:7::/48', '2001:db8:7:8::1'],
    ['2001:db8::1', '2001:db8::/48', '2001:db8::1'],
    ['2001:db8:0:8::1', '2001:db8::/48', '2001:db8:0:8::1'],
    ['2001::7:8:9:a', '2001::/48', '2001::7:8:9:a'],
    ['1:2:3:4:5:6:7:8', '1:2:3::/48', '1:2:3:4:5:6:7:8'],
    ['64:ff9b::203.0.113.77', '64:ff9b::/48', '64:ff9b::cb00:714d'],
    ['::1', '::/48', '::1'],
    ['fe80::1%eth0', 'fe80::/48', 'fe80::1'],
    [null, null, null],
    ['', null, null],
    ['unknown', null, null],
    ['203.0.113', null, null],
    ['203.0.113.256', null, null],
    ['203.0.113.077', null, null],
    ['0x7f.0.0.1', null, null],
    ['2130706433', null, null],
    ['203.0.113.7:8080', null, null],
    ['[2001:db8::1]', null, null],
    ['1::ffff:203.0.113.77', '1::/48', '1::ffff:cb00:714d'],
    ['::1]/evil?[', null, null],
    ['::1]/::1', null, null],
    ['203.0.113.7.evil.example', null, null],
    ['evil.example', null, null],
    ['de.ad.be.ef', null, null],
    ['1::2::3', null, null],
    ['::ffff:evil', null, null],
    ['%', null, null],
    ['<script>', null, null],
  ])('%s is %s, in full %s', (peer, short, full) => {
    expect(ipOf(peer)).toBe(short)
    expect(ipOf(peer, 'short')).toBe(short)
    expect(ipOf(peer, 'full')).toBe(full)
    expect(ipOf(peer, 'none')).toBeNull()
  })

  test('is null for endless text', () => {
    for (const piece of [':', '1.', 'f', '%', '::ffff:']) expect(ipOf(piece.repeat(100_000))).toBeNull()
  })

  test('is used alone if the program is unknown', () => {
    expect(describeDevice()(requestOf({}, '203.0.113.7'))).toEqual({ name: null, ip: '203.0.113.0/24' })
  })

  test('contains the address, and nothing more of it', () => {
    fc.assert(
      fc.property(fc.ipV4(), (address) => {
        expect(ipOf(address)).toBe(`${address.split('.').slice(0, 3).join('.')}.0/24`)
      }),
    )
    const group = fc.integer({ min: 0, max: 0xffff })
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 0xffff }),
        fc.tuple(group, group, group, group, group, group, group),
        (first, rest) => {
          const groups = [first, ...rest]
          const text = (numbers: readonly number[]) => numbers.map((number) => number.toString(16)).join(':')
          const network = ipOf(text(groups)) ?? ''
          const same = ipOf(text([...groups.slice(0, 3), 1, 2, 3, 4, 5]))
          expect(network).toMatch(/^[\da-f:]+::\/48$/)
          expect(network).toBe(same)
          expect(new URL(`http://[${network.slice(0, -3)}]`).hostname).toBe(
            new URL(`http://[${text([...groups.slice(0, 3), 0, 0, 0, 0, 0])}]`).hostname,
          )
        },
      ),
    )
  })

  test('never throws, whatever the address', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: 'binary' }),
          fc.ipV6(),
          fc.string({ unit: fc.constantFrom(...'0123456789abcdef:.%') }),
        ),
        (peer) => {
          for (const ip of ['short', 'full'] as const) {
            const found = ipOf(peer, ip)
            if (found !== null && found !== undefined) expect(found).toMatch(/^[\da-f:.]+(\/24|\/48)?$/)
          }
        },
      ),
      { numRuns: 1000 },
    )
  })
})
