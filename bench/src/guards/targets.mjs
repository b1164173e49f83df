import { randomBytes } from 'node:crypto'
import { RateLimiterMemory } from 'rate-limiter-flexible'
import { anomaly } from 'sojourn/guards/anomaly'
import { deviceBound } from 'sojourn/guards/device-bound'
import { formTokens } from 'sojourn/guards/form-tokens'
import { loginStatus } from 'sojourn/guards/login-status'
import { newDevice } from 'sojourn/guards/new-device'
import { defaultRates, rateLimits } from 'sojourn/guards/rate-limits'
import { sessionLimit } from 'sojourn/guards/session-limit'

/**
 * @typedef {object} Target
 * @property {boolean} [crossOrigin] Whether the check that is on by default stays on.
 * @property {boolean} [binds] Whether the browsers have keys, and bind their sessions.
 * @property {import('sojourn/guards/form-tokens').FormTokensGuard} [forms]
 * @property {readonly import('sojourn').Guard[]} guards
 */

const limits = () =>
  rateLimits({
    creation: new RateLimiterMemory({ ...defaultRates.creation, points: Number.MAX_SAFE_INTEGER }),
    badTokens: new RateLimiterMemory(defaultRates.badTokens),
  })
const forms = formTokens()
/** Every login is from a device that it does not know, and causes a mail: the dearest case. */
const devices = () =>
  newDevice({
    origin: 'https://shop.example',
    keys: [randomBytes(32).toString('base64')],
    notify() {},
    disowned() {},
  })

/** What all others are compared with: an application as it is without a word about guards. */
export const DEFAULTS = 'defaults'

/** @type {Readonly<Record<string, Target>>} */
export const targets = {
  'no guard at all': { crossOrigin: false, guards: [] },
  [DEFAULTS]: { guards: [] },
  formTokens: { forms, guards: [forms] },
  rateLimits: { guards: [limits()] },
  sessionLimit: { guards: [sessionLimit({ most: 5 })] },
  anomaly: { guards: [anomaly()] },
  newDevice: { guards: [devices()] },
  loginStatus: { guards: [loginStatus()] },
  'deviceBound, browsers without keys': { guards: [deviceBound()] },
  'deviceBound, bound sessions': { binds: true, guards: [deviceBound()] },
  all: {
    binds: true,
    forms,
    guards: [deviceBound(), forms, limits(), anomaly(), sessionLimit({ most: 5 }), devices(), loginStatus()],
  },
}
