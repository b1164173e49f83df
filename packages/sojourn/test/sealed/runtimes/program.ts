import { createSessions } from '../../../src/index.ts'
import { sealedSessions } from '../../../src/sealed/sessions.ts'

/** A login, an edit over two cookies, a read, and a changed cookie, on whatever runtime this is. */
const sessions = createSessions<{ text?: string }>({
  ...sealedSessions({ keys: ['k8SN2xJq0vYw5uZr7tBmC4dE6fG9hL1p3aQ='] }),
  insecureStoreLacks: ['ended', 'fresh-token', 'list', 'lost-update'],
})
const viewOf = (cookie: string | null) => ({
  method: 'POST',
  url: 'https://shop.example/',
  secure: true,
  peer: null,
  header: (name: string) => (name === 'cookie' ? cookie : name === 'sec-fetch-site' ? 'same-origin' : null),
})
const first = await sessions.open(viewOf(null))
await first.session.login('ada')
first.session.data.text = 'ü'.repeat(2000)
const lines = (await first.commit()).filter(({ name }) => name === 'set-cookie')
const cookies = lines.map(({ value }) => value.split(';', 1)[0] ?? '')
const read = async (cookie: string): Promise<unknown[]> => {
  const { session } = await sessions.open(viewOf(cookie))
  return [session.userId, session.data.text?.length ?? 0, session.refused]
}
const whole = cookies.join('; ')
const changed = whole.replace(/.{9}$/, (end) => (end.startsWith('A') ? 'B' : 'A') + end.slice(1))
console.log(JSON.stringify([cookies.length, await read(whole), await read(changed)]))
await sessions.close()
