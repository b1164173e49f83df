import type { SetCookie } from './set-cookie.ts'

/** What to do about an attribute that is not as it should be. */
export function fixOf(attribute: string, { name }: SetCookie): string | undefined {
  return FIXES[attribute]?.replaceAll('NAME', name.replace(/^__\w+?-/, ''))
}

const FIXES: Readonly<Record<string, string>> = {
  Secure: 'Add Secure. It also works on http://localhost in Chromium and Firefox.',
  HttpOnly: 'Add HttpOnly, unless a script has to read the cookie; no script has to read that of a session.',
  SameSite: 'Say SameSite=Lax (or Strict) yourself: browsers differ in what they take for granted.',
  prefix: 'Name it __Host-NAME, with Secure, Path=/ and no Domain: then no other host can plant it.',
  Domain: 'Leave Domain out, unless other hosts have to get the cookie.',
  lifetime: 'Let the server end the session; an age here only says when this browser forgets it.',
  size: 'Keep data on the server, and only a random id in the cookie.',
  repeated: 'Send each attribute once.',
  Path: 'Say Path=/.',
}
