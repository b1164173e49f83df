import type { HeaderChange, RequestView } from 'sojourn'
import { assert, assertEqual } from '../assert.ts'
import type { Case } from '../case.ts'
import type { CarrierContext } from './context.ts'
import { createQuietCarrier, LIVES, TOKEN, UNTIL_CLOSED } from './tokens.ts'

const HOWS: readonly HeaderChange['how'][] = ['append', 'default', 'replace']

export const purityCases: readonly Case<CarrierContext>[] = [
  {
    name: 'the same request and token give the same headers, from any carrier with the same options',
    async run(ctx) {
      const view = ctx.createClient().request()
      const [one, other] = [createQuietCarrier(ctx), createQuietCarrier(ctx)]
      for (const life of LIVES) {
        const first = one.write(view, TOKEN, life)
        assertEqual(one.write(view, TOKEN, life), first, 'write, a second time')
        assertEqual(other.write(view, TOKEN, life), first, 'write, by another carrier')
      }
      assertEqual(other.clear(view), one.clear(view), 'clear, by another carrier')
      assertEqual(other.clearDuplicates?.(view), one.clearDuplicates?.(view), 'clearDuplicates, by another carrier')
    },
  },
  {
    name: 'a carrier changes nothing in the request and asks for headers by lower-case names',
    async run(ctx) {
      const carrier = createQuietCarrier(ctx)
      const asked: string[] = []
      const request = ctx.createClient().request()
      const view = Object.freeze({
        ...request,
        header(name: string) {
          asked.push(name)
          return request.header(name)
        },
      }) satisfies RequestView
      carrier.read(view)
      carrier.write(view, TOKEN, UNTIL_CLOSED)
      carrier.clear(view)
      carrier.clearDuplicates?.(view)
      assertEqual(
        asked.filter((name) => name !== name.toLowerCase()),
        [],
        'names that are not in lower case',
      )
    },
  },
  {
    name: 'a carrier declares its name, whether it is ambient, and the headers that it reads',
    async run(ctx) {
      const carrier = createQuietCarrier(ctx)
      assert(/^[a-z][a-z0-9-]*$/.test(carrier.name), 'its name is not one lower-case word')
      assert(typeof carrier.ambient === 'boolean', 'ambient is no boolean')
      assert(/^[\w-]+(, ?[\w-]+)*$/.test(carrier.vary), 'vary is no list of header names')
      const client = ctx.createClient()
      client.receive(carrier.write(client.request(), TOKEN, UNTIL_CLOSED))
      const presented = client.request()
      const names = carrier.vary.toLowerCase().split(/, ?/)
      const without: RequestView = {
        ...presented,
        header: (name) => (names.includes(name) ? null : presented.header(name)),
      }
      assertEqual(carrier.read(without).values, [], 'what it finds without the headers it names')
    },
  },
  {
    name: 'header changes are well formed',
    async run(ctx) {
      const carrier = createQuietCarrier(ctx)
      const view = ctx.createClient().request()
      const changes = [
        ...carrier.write(view, TOKEN, UNTIL_CLOSED),
        ...carrier.clear(view),
        ...(carrier.clearDuplicates?.(view) ?? []),
      ]
      for (const { name, value, how } of changes) {
        assert(/^[a-z0-9!#$%&'*+.^_`|~-]+$/.test(name), 'a header name is not a token in lower case')
        assert(value.trim() === value && value !== '', 'a header value is empty, or has blanks around it')
        assert(HOWS.includes(how), `how is none of ${HOWS.join(', ')}`)
      }
    },
  },
  {
    name: 'no warning contains the token, and only the headers of write do',
    guarantee: '4 Hashed at rest',
    async run(ctx) {
      const warnings: string[] = []
      const carrier = ctx.createCarrier({ warn: (message) => warnings.push(message) })
      const client = ctx.createClient()
      client.receive(carrier.write(client.request(), TOKEN, UNTIL_CLOSED))
      const changes: HeaderChange[] = []
      for (const view of suspicious(client.request())) {
        carrier.read(view)
        carrier.write(view, TOKEN, UNTIL_CLOSED)
        changes.push(...carrier.clear(view), ...(carrier.clearDuplicates?.(view) ?? []))
      }
      const texts = [...warnings, ...changes.map(({ value }) => value)]
      assert(!texts.some((text) => text.includes(TOKEN)), 'the token is in a warning, or in a header that clears it')
      assert(!warnings.some((text) => text.includes('evil')), 'a warning repeats what only the client said')
      assertEqual(new Set(warnings).size, warnings.length, 'how many warnings there are, each counted once')
    },
  },
]

/** Requests that a carrier has a reason to warn about. */
function suspicious(view: RequestView): readonly RequestView[] {
  const headers: Readonly<Record<string, string>>[] = [
    {},
    { host: 'evil.example' },
    { 'x-forwarded-proto': 'https', 'x-forwarded-host': 'evil.example' },
    { forwarded: 'proto=https;host=evil.example' },
    { origin: 'https://evil.example' },
    { 'sec-fetch-site': 'cross-site', 'sec-fetch-dest': 'iframe', origin: 'https://evil.example' },
  ]
  return [true, false].flatMap((secure) =>
    headers.flatMap((own) => {
      const request: RequestView = { ...view, secure, header: (name) => own[name] ?? view.header(name) }
      // Each request twice, because a warning is reported once.
      return [request, request]
    }),
  )
}
