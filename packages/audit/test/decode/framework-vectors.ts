import type { Vector } from './vectors.ts'

/** Made once with the libraries themselves, in Ruby, PHP, Python, Go and Node. */
export const FRAMEWORK_VECTORS: readonly Vector[] = [
  {
    made: 'rails 6.1: cookies.signed',
    value:
      'eyJfcmFpbHMiOnsibWVzc2FnZSI6IkluVXROeUk9IiwiZXhwIjpudWxsLCJwdXIiOiJjb29raWUuc2lkIn19--32cc2a1ea7176c2ed1f2900435560ad7d3bf927e',
    kind: 'rails-signed',
    content: 'u-7',
    secret: 'changeme',
  },
  {
    made: 'rails 6.1: cookies.signed with SHA-256',
    value:
      'eyJfcmFpbHMiOnsibWVzc2FnZSI6IkluVXROeUk9IiwiZXhwIjpudWxsLCJwdXIiOiJjb29raWUuc2lkIn19--163a225e531d421fa65f162ac1a410696acb7efcb39035a1ef4d9821c6a7c2cd',
    kind: 'rails-signed',
    content: 'u-7',
    secret: 'changeme',
  },
  {
    made: 'rails 6.1: MessageVerifier with a key by SHA-256, as Rails 7 has it',
    value: 'InUtNyI=--1071146dd6c955bd940f1b261b085dafbc779808bef99beb9da25d3d559aedae',
    kind: 'rails-signed',
    content: 'u-7',
    secret: 'changeme',
  },
  {
    made: 'rails 6.1: MessageVerifier by itself, Marshal',
    value: 'BAh7BkkiDHVzZXJfaWQGOgZFVGkM--f2522c1d0ed9e77a2a5e6efe25373e544a3cb5b3',
    kind: 'rails-signed',
    content: ['user_id'],
    secret: 'changeme',
  },
  {
    made: 'rails 6.1: cookies.encrypted',
    value:
      'Mk70wcSrgLw6hmLBPmrAzp/N1ed0nqWqNn/VR+zJsNkK2DiUcOw8Hva00gV/QFHhAaUeQMGR26DARkX/kWURa5J453iTuUNEpj+TvZBwjRU1txBUW6u+3bY0A0RchPY8HiN+BJUNOPo=--gdB6a/7zXBEUTy6k--fjlFVDvAh4ff9VrKXfKIYw==',
    kind: 'rails-encrypted',
    content: null,
    secret: 'changeme',
    protection: 'encrypted',
  },
  {
    made: 'rails 6.1: MessageEncryptor with a key by SHA-256, as Rails 7 has it',
    value: 'YfQDDjglM3PShm3jPg==--/DEQLrlWbNVGwGTm--dCU0j4tg9FlTblXzr52G8Q==',
    kind: 'rails-encrypted',
    content: null,
    secret: 'changeme',
    protection: 'encrypted',
  },
  {
    made: 'rails 6.1: cookies.encrypted, AES-CBC of old',
    value:
      'V2lPcGtvTU9idTNHZXd0MVJKSnRwczloOUlnUlgzQnBqUzhBL0xLejJsZUt5MnhycmppdXZXYVo0bC9XeGM2cktQZUJWKzhBY3pqWmlRT0NnbFpZL1NiOWR6Z0RyelpMKytYbGFycGkvZktEV1JyQjNaUkI0VnBuZ0FEZnVZZy9hWEk0a2E5SVVuanMyWENkYXA3S053PT0tLW1UMGVPR0UvK1BrRkhlN3h5UDEvbHc9PQ==--10c0aec82d96b5f9ba1191c010242d9f3f7a5ea9',
    kind: 'rails-encrypted',
    content: null,
    secret: 'changeme',
    protection: 'encrypted',
  },
  {
    made: 'rack 2.2: Rack::Session::Cookie',
    value:
      'BAh7B0kiD3Nlc3Npb25faWQGOgZFVG86HVJhY2s6OlNlc3Npb246OlNlc3Npb25JZAY6D0BwdWJsaWNfaWRJIkUwZWVmNmM3YjYzNDMyOGIwZWUwNWQxZDA2YzAyOGYyODUxYjA3MDEzYzdiOTkzMjE3YWEwNzQ4ZTE1ZWE2ZjM4BjsARkkiCXVzZXIGOwBUSSIKYWxpY2UGOwBU--55d4253cd9087d515eaf9955dd9a686615ab0a91',
    kind: 'rails-signed',
    content: [
      'session_id',
      'ETo:',
      'Rack::Session::SessionId',
      '@public_idI',
      'E0eef6c7b634328b0ee05d1d06c028f2851b07013c7b993217aa0748e15ea6f38',
      'user',
      'alice',
    ],
    secret: 'changeme',
  },
  {
    made: 'illuminate/encryption 8: AES-128-CBC',
    value:
      'eyJpdiI6Ims2Rm1ieXlFQTNRdWx1a2FGTERreGc9PSIsInZhbHVlIjoiTnR0bi9XdDBRVWsvN3RUYll2bDU5UT09IiwibWFjIjoiNjc0YTE2OTg3MDBlMWQ0NWI1MDY5NmQ5ODhiYjE5MDM5NTQ3NzQ5ZDUzZDk5ODM4ZTJkYzk0YWM0ODdlZGRiMSIsInRhZyI6IiJ9',
    kind: 'laravel',
    content: null,
    secret: 'SomeRandomString',
    protection: 'encrypted',
  },
  {
    made: 'illuminate/encryption 8: AES-256-GCM',
    value:
      'eyJpdiI6IlR0ckNZSlRMV3c1bGwvVmYiLCJ2YWx1ZSI6IkZ2K2JudTFMalJFTFQyOEwiLCJtYWMiOiIiLCJ0YWciOiJOYVBTcExDMXFkRkkrbmVoUGV1SFdnPT0ifQ==',
    kind: 'laravel',
    content: null,
    secret: 'SomeRandomStringWith32Characters',
    protection: 'encrypted',
  },
  {
    made: 'tornado 6.2: set_signed_cookie',
    value: '2|1:0|10:1780000000|4:user|8:YWxpY2U=|f6cb7ff205fdc0053ea83f03b698fa2f6f4a62148c357ea75a17db9e62371bf2',
    kind: 'tornado',
    content: 'alice',
    secret: 'changeme',
  },
  {
    made: 'tornado 6.2: of version 1',
    value: 'YWxpY2U=|1780000000|6c323964b2234eaaa640c08382a2e502847c247f',
    kind: 'tornado',
    content: 'alice',
    secret: 'changeme',
    name: 'user',
  },
  {
    made: 'itsdangerous 2.1: TimestampSigner of base64, as Starlette has it',
    value: 'eyJ1c2VyIjogNywgIngiOiAiPz5+In0=.ahilAA.UR_VjsyA_eOq09cxGkGrhDhn1jE',
    kind: 'flask',
    content: { user: 7, x: '?>~' },
    secret: 'secret',
  },
  {
    made: 'itsdangerous 2.1: URLSafeTimedSerializer',
    value: 'eyJpZCI6N30.ahilAA.eHRUJnyDt1TIidBOBjVc6bfUnb0',
    kind: 'flask',
    content: { id: 7 },
    secret: 'secret',
  },
  {
    made: 'itsdangerous 2.1: URLSafeSerializer',
    value: 'eyJpZCI6N30.CnPUM8jY9T0jfMdpP2p3Kw8lB4I',
    kind: 'flask',
    content: { id: 7 },
    secret: 'secret',
  },
  {
    made: 'flask-login 0.6: remember_token',
    value:
      '7|cd92df2b260070a304680dc94d71608c71cc13debf69a48e6ad3bd0855f9630b7cf0bbbcc3b9e791c3cc85f5ad25ecc8818725e00c57ef0bd3d51148cd0cc7d7',
    kind: 'flask-login',
    content: { user: '7' },
    secret: 'dev',
  },
  {
    made: 'gorilla/securecookie 1.1.1',
    value:
      'MTc5NTU4MTgyMnxEdi1CQkFFQ180SUFBUXdCREFBQURfLUNBQUVFZFhObGNnVmhiR2xqWlE9PXwVhjFadixNGb0iiYT09Z0Yjtm827ddDH44jT58v6iHJw==',
    kind: 'gorilla',
    content: ['user', 'alice'],
    secret: 'secret-key',
    name: 'session',
  },
  {
    made: 'gorilla/securecookie 1.1.1, encrypted',
    value:
      'MTc5NTU4MTgyMnxJWjR6TlR6ZWNTWVViNm9tZ1J6RUVmOXhPV3lQeDdKd1dLZmZyY2NqTUpxbHZvTTNKZDNadnhqYi12RVVCUEk9fAsth5m-IzQS5gcaYS2kNiAf1YYEAx2ZSY9LV49S4Vqh',
    kind: 'gorilla',
    content: null,
    secret: 'secret-key',
    name: 'session',
    protection: 'encrypted',
  },
  {
    made: 'keygrip 1.1.0 with SHA-256',
    value: 'eyJ1c2VyIjoiYWxpY2UifQ==',
    kind: 'cookie-session',
    content: { user: 'alice' },
    secret: 'secret',
    name: 'session',
    signature: 'dsPyelLrG6ah_d73TeS9JfIA1Z8kkCe4ZqogmJIPb2w',
  },
]

/** Formats that are recognized, but have no secret to try. */
export const TOLD: readonly (readonly [made: string, value: string, kind: string, protection: string])[] = [
  [
    'paseto 3.1: v4.public',
    'v4.public.eyJzdWIiOiJhbGljZSIsImlkIjo3fS7jiQG7W9n5vyRTN_GJe1LxE-s50frUwHU-J03XWKyj5OrQbmGl5jgCOd5ArRcp3DS0Lz445h_1ssl5YxpmKAI',
    'paseto',
    'signed',
  ],
  [
    '@fastify/secure-session 8.4',
    'SifCnaMbPv9HeMUl4YP6IuCgK4iullm9NMzIxPpD%2B%2Bn8BKfNn0eX8cHode0u9cmvEtA%3D%3BSQancy3rXGjVeeAuDju4K4JiVVZ28CVW',
    'secure-session',
    'encrypted',
  ],
  [
    'Java 17: a HashMap',
    'rO0ABXNyABFqYXZhLnV0aWwuSGFzaE1hcAUH2sHDFmDRAwACRgAKbG9hZEZhY3RvckkACXRocmVzaG9sZHhwP0AAAAAAAAx3CAAAABAAAAABdAAEdXNlcnQABWFsaWNleA==',
    'serialised',
    'none',
  ],
  ['Python 3: pickle', 'gASVGwAAAAAAAAB9lCiMBHVzZXKUjAVhbGljZZSMAmlklEsHdS4=', 'serialised', 'none'],
  ['Python 3: pickle of protocol 2', 'gAJ9cQAoWAQAAAB1c2VycQFYBQAAAGFsaWNlcQJYAgAAAGlkcQNLB3Uu', 'serialised', 'none'],
  ['Ruby 3.1: Marshal', 'BAh7BkkiDHVzZXJfaWQGOgZFVGkM', 'serialised', 'none'],
  ['PHP 8.2: serialize', 'YToxOntzOjQ6InVzZXIiO3M6NToiYWxpY2UiO30=', 'php-serialised', 'none'],
]
