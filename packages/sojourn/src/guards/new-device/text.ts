/** What the texts of a mail and of the pages say about a login. All of it is in our own words, or checked. */
export interface NewDeviceLogin {
  /** The name of the application. */
  readonly site: string
  /** `Firefox on Linux`, `an unknown program`. */
  readonly device: string
  /** ISO 3166-1 alpha-2, `null` if it is not known. */
  readonly country: string | null
  readonly at: Date
  /** Until when the link counts. */
  readonly until: Date
}

/** A heading and a paragraph of a page. */
export interface PageText {
  readonly heading: string
  readonly text: string
}

/**
 * All that a user reads, in one language: plain texts, which the guard escapes. Copy `english` to translate it.
 *
 * ```ts
 * import { english, type NewDeviceText } from 'sojourn/guards/new-device'
 *
 * export const german: NewDeviceText = { ...english, language: 'de', subject: ({ site }) => `Neue Anmeldung bei ${site}` }
 * ```
 */
export interface NewDeviceText {
  /** For `lang` in HTML: `en`. */
  readonly language: string
  readonly subject: (login: NewDeviceLogin) => string
  /** Paragraphs before the link. */
  readonly opening: (login: NewDeviceLogin) => readonly string[]
  /** The name and the value of what is known of the login, for a list. */
  readonly facts: (login: NewDeviceLogin) => readonly (readonly [name: string, value: string])[]
  /** What the link is called, in the mail and on its page. */
  readonly link: string
  /** Paragraphs after the link. */
  readonly closing: (login: NewDeviceLogin) => readonly string[]
  /** The page that the link opens. Nothing has happened yet. `all`: whether all sessions of the user end. */
  readonly ask: (login: NewDeviceLogin, all: boolean) => PageText
  readonly button: string
  readonly done: (login: NewDeviceLogin, all: boolean) => PageText
  readonly used: PageText
  readonly expired: PageText
  /** The link was cut off, changed or is not ours. */
  readonly wrong: PageText
  /** The store cannot answer. */
  readonly failed: PageText
}

/** The default texts. */
export const english: NewDeviceText = {
  language: 'en',
  subject: ({ site, device }) => `New login to ${site}: ${device}`,
  opening: ({ site }) => [
    `Somebody logged in to your account at ${site} from a device or a place that you have not used before.`,
  ],
  facts: ({ device, country, at }) => [
    ['Device', device],
    ...(country === null ? [] : [['Country', countryName(country, 'en')] as const]),
    ['Time', `${at.toISOString().slice(0, 16).replace('T', ' ')} UTC`],
  ],
  link: 'This was not me',
  closing: ({ until }) => [
    `If this was you, there is nothing to do. If not, open the link and press the button on its page. The link works once, until ${until.toISOString().slice(0, 10)}.`,
    'Nobody will ask you for this mail. Do not forward it: whoever has the link can log you out.',
  ],
  ask: ({ site }, all) => ({
    heading: 'Was this not you?',
    text: all
      ? `Press the button, and everybody who is logged in to your account at ${site} is logged out, you too. Then change your password.`
      : `Press the button, and this device is logged out of your account at ${site}. Then change your password.`,
  }),
  button: 'This was not me: log out',
  done: ({ site }, all) => ({
    heading: all ? 'All devices are logged out' : 'That device is logged out',
    text: `Change your password now: go to ${site}, and log in. If somebody else changed it, reset it.`,
  }),
  used: {
    heading: 'This link was used',
    text: 'It logged the device out, and works only once. If you have not changed your password yet, change it now.',
  },
  expired: {
    heading: 'This link has expired',
    text: 'Log in, look at the list of your devices, and change your password if one of them is not yours.',
  },
  wrong: {
    heading: 'This link does not work',
    text: 'It may have been cut off. Copy the whole link from the mail into the address bar of your browser.',
  },
  failed: {
    heading: 'That did not work',
    text: 'The server cannot answer right now. Load this page again in a moment, and press the button again.',
  },
}

/** The name of a country in a language: `Germany`. The code itself where the runtime does not know names. */
export function countryName(code: string, language: string): string {
  try {
    return new Intl.DisplayNames([language], { type: 'region' }).of(code) ?? code
  } catch {
    return code
  }
}
