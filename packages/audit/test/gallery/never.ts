/**
 * Kinds of findings that cannot fail or cannot pass, by the reason. Whatever is not here has to be seen doing both, in
 * the gallery or in an application.
 */
interface Never {
  readonly why: string
  readonly verdicts: readonly ('fail' | 'pass')[]
  readonly kinds: readonly string[]
}

export const never: readonly Never[] = [
  {
    why: 'It tells how the application is built, which is neither right nor wrong.',
    verdicts: ['fail', 'pass'],
    kinds: [
      'carriers/*',
      'concurrent-sessions/page of sessions',
      'cookie-attributes/*: Path',
      'cookie-attributes/*: repeated',
    ],
  },
  {
    why: 'It is better so, and no fault otherwise: whether it is one, only the policy of the application can say.',
    verdicts: ['fail'],
    kinds: [
      'cookie-attributes/*: Domain',
      'cookie-attributes/*: lifetime',
      'carriers/*: renewed',
      'cookie-tossing/*: sent twice',
      'concurrent-sessions/sessions at once',
      'clear-site-data/logout',
      'clear-site-data/Clear-Site-Data',
      'timeouts/idle limit',
      'timeouts/absolute limit',
      'cross-site-requests/hosts of the same site',
      'password-change/copy of the own session',
    ],
  },
  {
    why: 'It is said where the fault is, and nothing where it is not.',
    verdicts: ['pass'],
    kinds: [
      'token-strength/*: from login to login',
      'transport/TLS',
      'cookie-attributes/*: size',
      'token-contents/*: protection',
      'jwt-attacks/signature',
      'refresh-rotation/rotation',
      'timeouts/end by the client',
    ],
  },
  {
    why: 'It stands in place of what the check would say, where that cannot be said or there is nothing of the kind.',
    verdicts: ['fail', 'pass'],
    kinds: [
      'cookie-attributes/cookies',
      'cookie-tossing/names',
      'cache-headers/credential',
      'browser-exposure/browser',
      'jwt-attacks/token',
      'device-bound/DBSC',
      'refresh-rotation/refresh',
      'puzzling/flows',
      'timeouts/limits',
      'cross-site-requests/action',
      'password-change/change',
    ],
  },
]
