import { demoUsers } from './demo-users.ts'

interface Place {
  readonly folder: string
  /** The name of the store that the sessions are in. */
  readonly store: string
  readonly pid: number
}

/** The text in the terminal once the shop is open. */
export function welcome(url: string, { folder, store, pid }: Place): string {
  const kill = process.platform === 'win32' ? `taskkill /f /pid ${pid}` : `kill -9 ${pid}`
  const users = demoUsers.map(({ email, password }) => `    ${email.padEnd(20)} ${password}`)
  return `
  Wayside is open:  ${url}

  Sign in as (unless you changed the password)
${users.join('\n')}

  Try
    - Put something into the cart, then sign in: the cart comes along.
    - Sign in as alice in two browsers (a private window is one too). Under *Your devices*, end one from the other.
    - Open a product in two tabs and press *Add to cart* in both at once: both count.
    - Kill the shop with  ${kill}  and start it again: you are still signed in, and the cart is still full.
    - Sign in with *Keep me signed in*, then quit the browser and come back.
    - Change the password: every other device is out.
    - Order something more than ten minutes after signing in: it asks whether that is still you.
    - Make a passkey on your account page, then change the password: the passkey is asked for first.
    - The mail about a login from a new device is printed here. Its link ends all your sessions.
    - Copy the cookie into another browser (or into curl) and open the account page there: the owner sees an alarm.
    - Unfold *Look inside this session* at the foot of any page.

  Sessions are kept in: ${store} (another store: SOJOURN_STORE=redis://127.0.0.1:6379 npm start, or sqlite:, postgres:, ...)
  Everything else is kept in ${folder}; delete that folder to begin anew. Ctrl+C closes the shop.
`
}
