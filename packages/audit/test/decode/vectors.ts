import type { DecodedKind, Json } from '../../src/judge/decode/decoded.ts'

export interface Vector {
  readonly made: string
  readonly value: string
  readonly kind: DecodedKind
  readonly content: Json | null
  readonly secret: string | null
  readonly name?: string
  readonly signature?: string
  /** Default: signed. */
  readonly protection?: 'encrypted'
}

/** Made once with the libraries themselves, with secrets from public documentation. */
export const VECTORS: readonly Vector[] = [
  {
    made: 'jwt.io, its first example for years',
    value:
      'eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9lIiwiaWF0IjoxNTE2MjM5MDIyfQ.SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c',
    kind: 'jwt',
    content: { sub: '1234567890', name: 'John Doe', iat: 1516239022 },
    secret: 'your-256-bit-secret',
  },
  {
    made: 'keygrip 1.1.0, as cookie-session uses it',
    value: 'eyJ2aWV3cyI6MywidXNlciI6ImFsaWNlIn0=',
    name: 'session',
    signature: 'XlaBR53fDnJqjLvxqjsh42Esdm8',
    kind: 'cookie-session',
    content: { views: 3, user: 'alice' },
    secret: 'key1',
  },
  {
    made: 'django 3.2: signed_cookies sessions',
    value:
      '.eJyrVopPLC3JiC8tTi2Kz0xRslIyVNJBFktKTM5OzQNJpGQl5qXn6yXn55UUZSbpgZToQWWL9XzzU1JznKBqUQzISCzOAOo2oBAo1QIAIvYyTQ:1wShJQ:m1Ihatfsg211Ifg6QKkT3MDc0qLHWdo7vpqWhKvytVo',
    kind: 'django-signed',
    content: {
      _auth_user_id: '1',
      _auth_user_backend: 'django.contrib.auth.backends.ModelBackend',
      _auth_user_hash: '0'.repeat(64),
    },
    secret: 'changeme',
  },
  {
    made: 'django 3.2: signing.dumps',
    value: 'WzEsInR3byJd:1wShJQ:wFN_iNUeGYANArS559bzJZN4v_ziw_b2p0qUgyQNVdU',
    kind: 'django-signed',
    content: [1, 'two'],
    secret: 'changeme',
  },
  {
    made: 'django 3.2: set_signed_cookie("theme", "dark")',
    value: 'dark:1wShJQ:ivNP0J5ZnqicNG_VeLueQnploWI_5idJHRLzchShhHE',
    name: 'theme',
    kind: 'django-signed',
    content: 'dark',
    secret: 'changeme',
  },
  {
    made: 'flask 2.2 with itsdangerous 2.1',
    value: 'eyJ1c2VyX2lkIjo3LCJyb2xlIjoiYWRtaW4ifQ.ahilAA.39PwW7oOICiavYS_5bNeYG0u6BE',
    kind: 'flask',
    content: { user_id: 7, role: 'admin' },
    secret: 'dev',
  },
  {
    made: 'flask 2.2, compressed',
    value: '.eJyrViotTi2Kz0xRsjLXUcrLL0lVslJKHAVEA6VaANmZeOk.ahilAA.QZ1cmkdWn50pp_LfIHLmZyemKdY',
    kind: 'flask',
    content: { user_id: 7, note: 'a'.repeat(300) },
    secret: 'dev',
  },
]
